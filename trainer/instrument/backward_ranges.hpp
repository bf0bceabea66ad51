// Module ranges of the backward pass, without touching the autograd graph.
//
// Every autograd node carries the number its thread counted up to when the node was made (sequence number), and the
// engine runs ready nodes in falling order of it. So the nodes that a module's forward made are the interval of numbers
// between its beginning and its end, intervals nest as the forward calls did, and a backward pass walks them from the
// last to the first. A callback at the start of each node closes the module_backward ranges that do not hold its number
// and opens those that do. Ranges are a stack per thread, so they balance whatever the graph is: several inputs or
// outputs, some unused, inputs without gradient, nodes that run more than once.
//
// A node that runs a backward pass inside itself (activation checkpointing: recompute, then backward of what was made)
// is a frame: what is opened while it runs is closed when it ends, and the intervals it recorded are forgotten.
//
// Nodes that add gradients into parameters have no number and belong to the module that is open.
#pragma once

#include <cstdint>

#include "trainer/instrument/range_sink.hpp"

namespace foldperf::trainer {

// Called by TraceScope on the thread that runs the forward.
void begin_forward_scope(const Label& label);
void end_forward_scope();

// Forgets the intervals of this thread; no TraceScope may be open. Called at the start of a step.
void forget_forward_scopes();

// Closes the ranges that a backward pass on this thread left open (it threw).
void close_backward_ranges();

// Number of intervals this thread remembers (for tests: it must not grow from step to step).
std::size_t remembered_forward_scopes();

// Called by enable_instrumentation.
void install_backward_callback();
void remove_backward_callback();

}  // namespace foldperf::trainer
