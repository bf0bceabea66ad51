#include "trainer/instrument/range_sink.hpp"

#include <nvtx3/nvToolsExt.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "trainer/instrument/backward_ranges.hpp"

namespace foldperf::trainer {

namespace detail {
std::atomic<bool> instrumentation_on{false};
}

namespace {

// Never destroyed: threads of the autograd engine may still pop ranges while the program ends.
nvtxDomainHandle_t domain() {
  static const nvtxDomainHandle_t handle = [] {
    const nvtxDomainHandle_t created = nvtxDomainCreateA(facts::domain_name);
    for (const auto& [category, name] : facts::category_names) {
      nvtxDomainNameCategoryA(created, static_cast<std::uint32_t>(category), name);
    }
    return created;
  }();
  return handle;
}

nvtxEventAttributes_t attributes(facts::Category category) {
  nvtxEventAttributes_t event{};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.category = static_cast<std::uint32_t>(category);
  return event;
}

class NvtxSink : public RangeSink {
 public:
  void push(facts::Category category, const Label& label, std::optional<std::int64_t> payload) override {
    nvtxEventAttributes_t event = attributes(category);
    if (label.data()->nvtx_string) {
      event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
      event.message.registered = static_cast<nvtxStringHandle_t>(label.data()->nvtx_string);
    } else {  // a tool that hands out no string handles
      event.messageType = NVTX_MESSAGE_TYPE_ASCII;
      event.message.ascii = label.text().c_str();
    }
    if (payload) {
      event.payloadType = NVTX_PAYLOAD_TYPE_INT64;
      event.payload.llValue = *payload;
    }
    nvtxDomainRangePushEx(domain(), &event);
  }
  void pop() override { nvtxDomainRangePop(domain()); }
  void mark(facts::Category category, const std::string& text) override {
    nvtxEventAttributes_t event = attributes(category);
    event.messageType = NVTX_MESSAGE_TYPE_ASCII;
    event.message.ascii = text.c_str();
    nvtxDomainMarkEx(domain(), &event);
  }
};

struct LabelTable {
  std::mutex mutex;
  std::unordered_map<std::string, std::unique_ptr<Label::Data>> labels;
};

LabelTable& label_table() {
  static auto* const table = new LabelTable;  // outlives static objects that hold labels
  return *table;
}

std::atomic<RangeSink*> replaced_sink{nullptr};

}  // namespace

Label::Label(std::string_view text) {
  LabelTable& table = label_table();
  const std::lock_guard lock(table.mutex);
  auto& entry = table.labels[std::string(text)];
  if (!entry) {
    entry = std::make_unique<Data>();
    entry->text = text;
    entry->nvtx_string = nvtxDomainRegisterStringA(domain(), entry->text.c_str());
  }
  data_ = entry.get();
}

const std::string& Label::text() const {
  static const std::string none;
  return data_ ? data_->text : none;
}

void enable_instrumentation(bool on) {
  if (detail::instrumentation_on.exchange(on) == on) return;
  if (on) {
    install_backward_callback();
  } else {
    remove_backward_callback();
  }
}

bool nvtx_tool_present() {
  const char* path = std::getenv("NVTX_INJECTION64_PATH");
  return path && *path;
}

RangeSink& range_sink() {
  if (RangeSink* sink = replaced_sink.load(std::memory_order_relaxed)) return *sink;
  static auto* const nvtx = new NvtxSink;
  return *nvtx;
}

void replace_range_sink(RangeSink* sink) { replaced_sink = sink; }

}  // namespace foldperf::trainer
