// What a program asks of the library that stands in the place of libcupti.so, besides CUPTI's own functions.
#pragma once

#include <cupti.h>

#include <cstddef>
#include <cstdint>

extern "C" {
// A record of the calling thread, as the driver would make it. Where its kind (or call) was not switched on, or there
// is no profiler, nothing happens; where there is no buffer, it is dropped and counted.
void fake_record(const void* record, std::size_t bytes);
// Tells the profiler of a context, or of a graph while it is captured and instantiated. CUPTI's own lock is held.
void fake_resource(CUpti_CallbackId id, void* descriptor);
// How many records were dropped since the start.
std::size_t fake_dropped();
}
