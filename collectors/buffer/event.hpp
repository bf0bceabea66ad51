// One event as it lies in a thread's ring buffer: a fixed header, then the bytes of its text and of its binary payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace foldperf::collectors {

enum class EventKind : std::uint8_t {
  padding = 0,  // fills the end of the ring, so that every event lies in one piece
  mark,
  push,
  pop,
  start,
  end,
  // Of CUDA graphs, told by CUPTI: see GraphEvent. In the ring of the thread that captures, so that what is open there
  // is the stack of ranges that the node belongs to.
  graph_node,
  graph_node_cloned,
  graph,
  graph_exec,
  call,  // of what another source records: range_id is its number (CallStacks)
};
inline constexpr std::size_t event_kinds = 11;

enum class PayloadKind : std::uint8_t { none = 0, uint64, int64, float64, uint32, int32, float32, binary };

enum class TextKind : std::uint8_t { none = 0, inlined, registered };

// Trivially copyable; its size is a multiple of 8, and so is that of the whole record.
struct EventHeader {
  std::uint32_t size = 0;  // bytes of the whole record
  EventKind kind = EventKind::padding;
  PayloadKind payload_kind = PayloadKind::none;
  TextKind text_kind = TextKind::none;
  std::uint8_t has_color = 0;
  std::int64_t time_ns = 0;        // monotonic_ns()
  std::uint64_t range_id = 0;      // start and end only
  std::uint64_t payload_bits = 0;  // a number as its bits; bytes of the binary payload
  std::uint32_t domain = 0;        // index of the domain, 0: the default one
  std::uint32_t category = 0;
  std::uint32_t color = 0;  // ARGB
  std::uint32_t text = 0;   // inlined: its bytes; registered: the string's index
};
static_assert(sizeof(EventHeader) == 48);

// Numbers of an event of a CUDA graph, as they lie in a header. 0: none.
struct GraphEvent {
  std::uint64_t node = 0;            // range_id: CUDA's id, graph in the upper half
  std::uint64_t original_node = 0;   // payload_bits: of a clone
  std::uint32_t graph = 0;           // domain
  std::uint32_t original_graph = 0;  // category
  std::uint32_t node_type = 0;       // color
  std::uint32_t exec = 0;            // text: of a graph that was instantiated

  [[nodiscard]] EventHeader header(EventKind kind, std::int64_t time_ns) const noexcept {
    EventHeader header;
    header.kind = kind;
    header.time_ns = time_ns;
    header.range_id = node;
    header.payload_bits = original_node;
    header.domain = graph;
    header.category = original_graph;
    header.color = node_type;
    header.text = exec;
    return header;
  }
  static GraphEvent of(const EventHeader& header) noexcept {
    return {header.range_id, header.payload_bits, header.domain, header.category, header.color, header.text};
  }
};

// An event read in place: the views are valid until the ring gets the space back.
struct EventView {
  const EventHeader* header = nullptr;
  std::string_view text;    // of TextKind::inlined
  std::string_view binary;  // of PayloadKind::binary
};

}  // namespace foldperf::collectors
