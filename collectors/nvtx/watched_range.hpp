// What the plan of windows needs to know of a range that begins.
#pragma once

#include <exception>
#include <string>

#include "collectors/names/names.hpp"
#include "collectors/nvtx/attributes.hpp"
#include "collectors/session/range_matcher.hpp"
#include "collectors/session/recording_plan.hpp"
#include "core/facts/conventions.hpp"

namespace foldperf::collectors {

// Calls `tell` with the range. Only where the plan watches ranges: the tables of names are under a lock.
template <class Tell>
void tell_plan(const RecordingPlan& plan, const EventArguments& arguments, Tell tell) noexcept try {
  const EventHeader& header = arguments.header;
  Names& names = Names::instance();
  WatchedRange range;
  std::string registered;
  if (header.text_kind == TextKind::registered) {
    registered = names.text_of_string(header.text);
    range.text = registered;
  } else if (header.text_kind == TextKind::inlined) {
    range.text = {arguments.body.text, arguments.body.text_bytes};
  }
  const records::NvtxPayload payload = decode_payload(header);
  using Type = records::NvtxPayload::Type;
  if (payload.type != Type::none && payload.type != Type::float32 && payload.type != Type::float64) {
    range.payload = payload.integer;
  }
  if (plan.watches_steps() && header.domain != 0 && names.name_of_domain(header.domain) == facts::domain_name) {
    const std::string category = names.name_of_category(header.domain, header.category);
    range.is_step_fact =
        category.empty() ? header.category == static_cast<std::uint32_t>(facts::Category::step) : category == "step";
  }
  tell(range);
} catch (const std::exception&) {
  // No memory: the range decides nothing.
}

}  // namespace foldperf::collectors
