#include "collectors/cupti/tracer.hpp"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <cstddef>
#include <exception>
#include <new>

#include "collectors/cupti/result_text.hpp"
#include "core/database/writer.hpp"

namespace foldperf::collectors {
namespace {

constexpr long flush_interval_ns = 200'000'000;
// Another profiler has CUPTI, which takes one subscriber a process.
constexpr auto multiple_subscribers = static_cast<CUptiResult>(39);

void CUPTIAPI on_request(std::uint8_t** data, std::size_t* bytes, std::size_t* most_records) {
  *most_records = 0;  // as many as fit
  Tracer::instance().request_buffer(data, bytes);
}

void CUPTIAPI on_complete(CUcontext context, std::uint32_t stream, std::uint8_t* data, std::size_t /*bytes*/,
                          std::size_t valid_bytes) {
  Tracer::instance().complete_buffer({data, valid_bytes, context, stream});
}

void CUPTIAPI on_callback(void*, CUpti_CallbackDomain domain, CUpti_CallbackId id, const void* data) {
  if (domain != CUPTI_CB_DOMAIN_RESOURCE || data == nullptr) return;
  Tracer::instance().resource_event(id, *static_cast<const CUpti_ResourceData*>(data));
}

}  // namespace

Tracer& Tracer::instance() {
  alignas(Tracer) static std::byte place[sizeof(Tracer)];
  static Tracer* const tracer = new (place) Tracer;
  return *tracer;
}

void Tracer::give_up(const std::string& why) noexcept try {
  state_ = "failed";
  detail_ = why;
  Session::instance().add_source(this);
} catch (const std::exception&) {
}

void Tracer::start(const CuptiApi& api, const std::string& library, const Settings& settings) noexcept try {
  api_ = api;
  std::uint32_t version = 0;
  api_.GetVersion(&version);
  const CUptiResult subscribed = api_.Subscribe(&subscriber_, on_callback, nullptr);
  if (subscribed != CUPTI_SUCCESS) {
    return give_up(subscribed == multiple_subscribers
                       ? "another profiler in this process has CUPTI, which serves one: kernels are not recorded"
                       : "cuptiSubscribe: " + text_of(api_, subscribed));
  }
  state_ = "on";
  detail_ = "CUPTI " + std::to_string(version) + ", level " + name_of(settings.level) + ", graphs by " +
            name_of(settings.graphs) + ", " + library;
  activities_.choose(api_, settings);
  decoder_ = new Decoder(api_, settings.level, activities_.switches() ? nullptr : &Session::instance().windows());
  api_.SetThreadIdType(CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM);
  std::uint8_t zeroed = 1;
  std::size_t size = sizeof(zeroed);
  api_.ActivitySetAttribute(CUPTI_ACTIVITY_ATTR_ZEROED_OUT_ACTIVITY_BUFFER, &size, &zeroed);
  const CUptiResult registered = api_.ActivityRegisterCallbacks(on_request, on_complete);
  if (registered != CUPTI_SUCCESS) return give_up("cuptiActivityRegisterCallbacks: " + text_of(api_, registered));
  on_ = true;
  // The device tells of itself once, and a graph is captured once: both whatever a window leaves out.
  api_.ActivityEnable(CUPTI_ACTIVITY_KIND_DEVICE);
  enable_callbacks();
  Session& session = Session::instance();
  session.plan().lock();  // no window begins or ends meanwhile
  session.add_source(this);
  activities_.set(session.recording() || !activities_.switches());
  session.plan().unlock();
} catch (const std::exception&) {
  // No memory: nothing is recorded, and the program goes on.
}

void Tracer::recording_changed(bool on) noexcept {
  if (on_ && !over_) activities_.set(on);
}

void Tracer::enable_callbacks() {
  for (const CUpti_CallbackId id : {CUPTI_CBID_RESOURCE_CONTEXT_CREATED, CUPTI_CBID_RESOURCE_GRAPH_CREATED,
                                    CUPTI_CBID_RESOURCE_GRAPH_CLONED, CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED,
                                    CUPTI_CBID_RESOURCE_GRAPHEXEC_CREATED, CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED}) {
    api_.EnableCallback(1, subscriber_, CUPTI_CB_DOMAIN_RESOURCE, id);
  }
}

void Tracer::request_buffer(std::uint8_t** data, std::size_t* bytes) noexcept {
  *data = pool_.request();
  *bytes = *data != nullptr ? BufferPool::buffer_bytes : 0;
}

void Tracer::complete_buffer(const BufferPool::Full& full) noexcept {
  pool_.complete(full);
  Session::instance().wake();
}

void Tracer::start_flushing() noexcept {
  if (flushing_) return;  // a flush under way, which may take long, holds no round up
  const std::lock_guard lock(flush_mutex_);
  if (flushing_ || over_ || !on_) return;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread{};
    const auto body = [](void* tracer) -> void* {
      static_cast<Tracer*>(tracer)->flush_again_and_again();
      return nullptr;
    };
    flushing_ = pthread_create(&thread, &attributes, body, this) == 0;
    if (flushing_) pthread_setname_np(thread, "foldperf-cupti");
    pthread_attr_destroy(&attributes);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Tracer::flush_again_and_again() noexcept {
  while (true) {
    const timespec interval{0, flush_interval_ns};
    nanosleep(&interval, nullptr);
    const std::lock_guard lock(flush_mutex_);
    if (over_) return;
    api_.ActivityFlushAll(0);
  }
}

void Tracer::tell_state(database::RunWriter& writer) {
  const std::string detail = detail_ + activities_.refused();
  if (state_told_ && detail == detail_told_) return;
  records::CollectorRecord record;
  record.name = "cupti";
  record.state = state_;
  record.detail = detail;
  state_told_ = writer.add(record);
  if (state_told_) detail_told_ = detail;
}

void Tracer::empty_buffers(database::RunWriter& writer, const TimeBase& time) {
  BufferPool::Full full;
  while (pool_.take(full)) {
    decoder_->decode(full.data, full.valid_bytes, writer, time);
    pool_.release(full);
    std::size_t dropped = 0;
    if (api_.ActivityGetNumDroppedRecords(full.context, full.stream, &dropped) == CUPTI_SUCCESS && dropped != 0) {
      writer.count_dropped(records::Kind::kernel, "CUPTI had no buffer", dropped);
    }
  }
}

void Tracer::drain(database::RunWriter& writer, const TimeBase& time) noexcept try {
  tell_state(writer);
  if (decoder_ == nullptr) return;
  start_flushing();
  empty_buffers(writer, time);
} catch (const std::exception&) {
  // No memory: what is left is read in the next round.
}

void Tracer::finish() noexcept {
  {
    const std::lock_guard lock(flush_mutex_);
    if (!on_ || over_) return;
    over_ = true;
    api_.ActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  }
  Session::instance().drain_now();
}

void Tracer::close(database::RunWriter& writer, const TimeBase& time) noexcept {
  // A process that ended without exit() handlers (a signal's handler, quick_exit) has no driver left to ask.
  try {
    tell_state(writer);
    if (over_ && decoder_ != nullptr) empty_buffers(writer, time);
  } catch (const std::exception&) {
  }
}

void Tracer::before_fork() noexcept {
  activities_.lock();
  flush_mutex_.lock();
  pool_.lock();
}

void Tracer::after_fork_in_parent() noexcept {
  pool_.unlock();
  flush_mutex_.unlock();
  activities_.unlock();
}

void Tracer::after_fork_in_child() noexcept {
  // CUDA does not work in a forked child, and CUPTI's state is the parent's.
  decoder_ = nullptr;
  on_ = false;
  flushing_ = false;
  state_told_ = false;
  state_ = "off";
  detail_.clear();
  detail_ += "a forked process cannot use its parent's CUDA";
  pool_.unlock();
  flush_mutex_.unlock();
  activities_.unlock();
}

}  // namespace foldperf::collectors
