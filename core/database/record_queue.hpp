// A bounded byte queue of records: many threads push, one drains. A push takes one short lock on one of several shards
// and copies the record and its texts; nothing is allocated once the buffers have grown to what the program needs.
//
// Records that name or describe things (domains, threads, communicators, GPUs) go through a shard of their own, which
// is drained last and handed over first: a record that uses a name never comes before it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/records/texts.hpp"

namespace foldperf::database {

class RecordQueue {
 public:
  enum class Result { taken, full, too_large, no_memory };
  static constexpr std::size_t shard_count = 16;
  static constexpr std::size_t largest_record = std::size_t{16} << 20;  // readers refuse longer texts still
  using Buffer = std::vector<std::byte>;
  // names first.
  struct Batch {
    std::array<Buffer, shard_count + 1> buffers;
    std::size_t bytes = 0;
  };

  explicit RecordQueue(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  template <class R>
  Result push(const R& record) noexcept;

  // Bytes held by pushed records, those drained and not yet released among them.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

  // Moves what is queued into `batch`, whose buffers must be empty (their memory is used again).
  void drain(Batch& batch);
  // Empties `batch`: from now on its bytes no longer count.
  void release(Batch& batch);

  // Calls visit(record) for each record of one buffer; texts point into it.
  template <class V>
  static void for_each(const Buffer& buffer, V&& visit);

 private:
  struct Header {
    std::uint32_t size;  // of record and texts
    records::Kind kind;
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    Buffer buffer;
  };
  Shard& shard_of(records::Kind kind) noexcept;
  bool reserve(std::size_t size) noexcept;

  std::size_t limit_bytes_;
  std::atomic<std::size_t> bytes_{0};
  std::array<Shard, shard_count + 1> shards_;
};

template <class R>
RecordQueue::Result RecordQueue::push(const R& record) noexcept {
  static_assert(std::is_trivially_copyable_v<R>);
  R copy = record;
  std::size_t size = sizeof(R);
  records::for_each_text(copy, [&](std::string_view text) { size += text.size(); });
  const std::size_t total = sizeof(Header) + size;
  if (total > limit_bytes_ || total > largest_record) return Result::too_large;
  if (!reserve(total)) return Result::full;
  Shard& shard = shard_of(R::kind);
  const std::lock_guard lock(shard.mutex);
  const std::size_t begin = shard.buffer.size();
  try {
    shard.buffer.resize(begin + total);
  } catch (...) {
    bytes_.fetch_sub(total, std::memory_order_relaxed);
    return Result::no_memory;
  }
  std::byte* out = shard.buffer.data() + begin;
  const Header header{static_cast<std::uint32_t>(size), R::kind};
  std::memcpy(out, &header, sizeof header);
  out += sizeof header;
  std::memcpy(out, &copy, sizeof copy);
  out += sizeof copy;
  records::for_each_text(copy, [&](std::string_view text) {
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    out += text.size();
  });
  return Result::taken;
}

template <class V>
void RecordQueue::for_each(const Buffer& buffer, V&& visit) {
  for (std::size_t at = 0; at < buffer.size();) {
    Header header;
    std::memcpy(&header, buffer.data() + at, sizeof header);
    at += sizeof header;
    records::with_type_of(header.kind, [&](auto tag) {
      typename decltype(tag)::type record;
      std::memcpy(&record, buffer.data() + at, sizeof record);
      const char* text_at = reinterpret_cast<const char*>(buffer.data()) + at + sizeof record;
      records::for_each_text(record, [&](std::string_view& text) {
        text = std::string_view(text_at, text.size());
        text_at += text.size();
      });
      visit(record);
    });
    at += header.size;
  }
}

}  // namespace foldperf::database
