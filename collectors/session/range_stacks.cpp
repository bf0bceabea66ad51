#include "collectors/session/range_stacks.hpp"

#include <algorithm>
#include <vector>

#include "core/database/writer.hpp"

namespace foldperf::collectors {
namespace {

template <class T>
void append(std::string& key, const T& value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

std::uint32_t RangeStacks::child(database::RunWriter& writer, std::uint32_t parent, const OpenRange& range) {
  key_.clear();
  append(key_, parent);
  append(key_, range.record.domain_id);
  append(key_, range.record.category);
  append(key_, range.record.payload.type);
  append(key_, range.record.payload.integer);
  key_ += range.text;
  const auto [place, is_new] = ids_.try_emplace(key_, static_cast<std::uint32_t>(ids_.size() + 1));
  if (is_new) {
    records::RangeStackRecord record;
    record.id = place->second;
    record.parent = parent;
    record.domain_id = range.record.domain_id;
    record.category = static_cast<std::uint32_t>(range.record.category);
    using Type = records::NvtxPayload::Type;
    const Type type = range.record.payload.type;
    if (type != Type::none && type != Type::float32 && type != Type::float64)
      record.payload = range.record.payload.integer;
    record.text = range.text;
    writer.add(record);
  }
  return place->second;
}

std::uint32_t RangeStacks::of(database::RunWriter& writer, ThreadState& thread) {
  if (thread.stack_changes == thread.changes) return thread.stack;
  std::vector<const OpenRange*> ranges;
  for (const auto& domain : thread.open) {
    for (const OpenRange& range : domain) ranges.push_back(&range);
  }
  const auto earlier = [](const OpenRange* a, const OpenRange* b) { return a->record.start_ns < b->record.start_ns; };
  std::stable_sort(ranges.begin(), ranges.end(), earlier);
  std::uint32_t stack = 0;
  for (const OpenRange* range : ranges) stack = child(writer, stack, *range);
  thread.stack = stack;
  thread.stack_changes = thread.changes;
  return stack;
}

}  // namespace foldperf::collectors
