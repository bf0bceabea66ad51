// What the tests of the run database share: small processes and records.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/database/writer.hpp"
#include "core/facts/conventions.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

namespace foldperf::database {

using testing::message_of;
using testing::TemporaryFolder;

inline constexpr std::int64_t run_start_ns = 1'700'000'000'000'000'000;

inline ProcessInfo process(int rank, std::int64_t pid = 100, std::int64_t start_after_ns = 0) {
  ProcessInfo info;
  info.rank = rank;
  info.host = "node";
  info.pid = pid;
  info.command = "train";
  info.start_utc_ns = run_start_ns + start_after_ns;
  return info;
}

inline records::NvtxRecord range(std::int64_t start_ns, std::int64_t end_ns, std::string_view text,
                                 std::int64_t domain = 0) {
  records::NvtxRecord record;
  record.start_ns = start_ns;
  record.end_ns = end_ns;
  record.text = text;
  record.domain_id = domain;
  record.global_tid_start = records::global_tid(100, 100);
  return record;
}

inline records::NvtxRecord fact(std::int64_t at_ns, std::string_view json, std::int64_t domain) {
  records::NvtxRecord record;
  record.event_type = records::NvtxEventType::mark;
  record.start_ns = at_ns;
  record.text = json;
  record.domain_id = domain;
  record.category = static_cast<std::uint32_t>(facts::Category::fact);
  return record;
}

}  // namespace foldperf::database
