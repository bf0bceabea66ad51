// What CUPTI does for this process: switched on at the driver's start, emptied by the session, flushed by a thread of
// its own (a flush may wait for locks of CUPTI, which must not delay the rings).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "collectors/cupti/activities.hpp"
#include "collectors/cupti/api.hpp"
#include "collectors/cupti/buffer_pool.hpp"
#include "collectors/cupti/decoder.hpp"
#include "collectors/session/session.hpp"
#include "collectors/session/source.hpp"

namespace foldperf::collectors {

class Tracer final : public Source {
 public:
  // The one of this process; made at its first use.
  static Tracer& instance();

  // Subscribes and switches on what the level asks for. Called once, before the driver has any context. What does not
  // work is told in `collectors`; the program goes on in any case.
  void start(const CuptiApi& api, const std::string& library, const Settings& settings) noexcept;
  // Where no CUPTI could be used: told when there is a file.
  void give_up(const std::string& why) noexcept;

  void drain(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void close(database::RunWriter& writer, const TimeBase& time) noexcept override;
  void recording_changed(bool on) noexcept override;
  void before_fork() noexcept override;
  void after_fork_in_parent() noexcept override;
  void after_fork_in_child() noexcept override;

  // Takes everything that CUPTI holds: at the end of the process, while the driver still lives.
  void finish() noexcept;

  // CUPTI's callbacks.
  void request_buffer(std::uint8_t** data, std::size_t* bytes) noexcept;
  void complete_buffer(const BufferPool::Full& full) noexcept;
  void resource_event(CUpti_CallbackId id, const CUpti_ResourceData& data) noexcept;

 private:
  Tracer() = default;
  void enable_callbacks();
  void start_flushing() noexcept;
  void flush_again_and_again() noexcept;
  void tell_state(database::RunWriter& writer);
  void empty_buffers(database::RunWriter& writer, const TimeBase& time);

  CuptiApi api_;
  Activities activities_;
  BufferPool pool_;
  Decoder* decoder_ = nullptr;  // never destroyed
  CUpti_SubscriberHandle subscriber_ = nullptr;
  std::string state_ = "off";
  std::string detail_;
  bool state_told_ = false;
  std::string detail_told_;
  std::uint64_t refused_told_ = 0;

  std::mutex flush_mutex_;
  std::atomic<bool> on_{false};        // CUPTI has our callbacks
  std::atomic<bool> flushing_{false};  // the thread was made
  std::atomic<bool> over_{false};      // it is to end
};

}  // namespace foldperf::collectors
