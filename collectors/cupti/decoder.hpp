// CUPTI's activity records as records of the run database: the one place that knows their layouts.
//
// Read are only fields that CUPTI 12.0 to 13.0 have at the same place (checked at compile time). Used by one thread.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_set>

#include "collectors/cupti/api.hpp"
#include "collectors/cupti/kernel_names.hpp"
#include "collectors/session/recording_windows.hpp"
#include "collectors/session/settings.hpp"
#include "collectors/session/source.hpp"
#include "core/records/records.hpp"

namespace foldperf::collectors {

class Decoder {
 public:
  // windows: null where CUPTI is told itself when to record, else what leaves out events outside of its times.
  Decoder(const CuptiApi& api, Level level, RecordingWindows* windows);

  // Every record of a buffer.
  void decode(std::uint8_t* data, std::size_t valid_bytes, database::RunWriter& writer, const TimeBase& time);

 private:
  using Writer = database::RunWriter;
  void one(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void kernel(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void copy(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void peer_copy(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void set(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void api_call(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void graph(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void synchronization(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void overhead(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void event(const CUpti_Activity& activity, Writer& writer);
  void memory(const CUpti_Activity& activity, Writer& writer, const TimeBase& time);
  void device(const CUpti_Activity& activity, Writer& writer);

  // False where the times say nothing (zero, or the end before the start: counted), or lie outside of the windows.
  template <class Times>
  bool keep(const Times& record, records::Kind kind, Writer& writer, const TimeBase& time);

  const CuptiApi& api_;
  const Level level_;
  RecordingWindows* const windows_;
  bool limited_ = false;  // some windows leave something out
  std::int64_t global_pid_ = 0;
  KernelNames names_;
  std::unordered_set<std::uint32_t> api_names_told_;
};

}  // namespace foldperf::collectors
