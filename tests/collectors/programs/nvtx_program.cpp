// A program that uses NVTX, for the collector's tests to watch. Its first argument says what it does; what it prints
// and its exit code must not depend on whether it is watched (all_calls, which prints the depths that NVTX returns,
// payloads told to print them and payload_door, which calls the collector itself, aside).
#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#if __has_include(<cuda.h>)
#include <nvtx3/nvToolsExtCuda.h>
#endif

#ifdef __SANITIZE_THREAD__
// NVTX's first call sets its table of functions by plain writes, while other threads may read it by plain reads.
extern "C" const char* __tsan_default_suppressions() {
  return "race:nvtxInitOnce_v3\nrace:CallbackTable::set\nrace:nvtxExt\nrace:ExtensionSlots::set\n";
}
#endif

namespace {

using namespace std::chrono_literals;

nvtxEventAttributes_t attributes() {
  nvtxEventAttributes_t result{};
  result.version = NVTX_VERSION;
  result.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  return result;
}

nvtxEventAttributes_t named(const char* text) {
  auto result = attributes();
  result.messageType = NVTX_MESSAGE_TYPE_ASCII;
  result.message.ascii = text;
  return result;
}

std::uint32_t thread_id() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

void default_domain() {
  std::printf("depths");
  std::printf(" %d", nvtxRangePushA("push A"));
  std::printf(" %d", nvtxRangePushW(L"push W \u00e4\U0001F600"));
  auto event = named("push Ex");
  event.category = 7;
  event.colorType = NVTX_COLOR_ARGB;
  event.color = 0xFF102030;
  event.payloadType = NVTX_PAYLOAD_TYPE_INT64;
  event.payload.llValue = -5;
  std::printf(" %d", nvtxRangePushEx(&event));
  for (int i = 0; i < 3; ++i) std::printf(" %d", nvtxRangePop());
  std::printf(" %d\n", nvtxRangePop());

  nvtxMarkA("mark A");
  nvtxMarkW(L"mark W");
  event = attributes();
  event.messageType = NVTX_MESSAGE_TYPE_UNICODE;
  event.message.unicode = L"mark Ex wide";
  nvtxMarkEx(&event);
  nvtxMarkA("not UTF-8: \xff.");
  nvtxMarkA("");

  const auto a = nvtxRangeStartA("start A");
  const auto w = nvtxRangeStartW(L"start W");
  event = named("start Ex");
  const auto ex = nvtxRangeStartEx(&event);
  nvtxRangeEnd(a);
  std::thread([w, ex] {
    nvtxRangeEnd(ex);
    nvtxRangeEnd(w);
  }).join();

  nvtxNameCategoryA(7, "category A");
  nvtxNameCategoryW(8, L"category W");
  nvtxNameOsThreadA(thread_id(), "main thread");
}

void own_domain() {
  const nvtxDomainHandle_t zoo = nvtxDomainCreateA("zoo");
  const nvtxDomainHandle_t wide = nvtxDomainCreateW(L"wide \u00df");
  if (nvtxDomainCreateA("zoo") != zoo) std::printf("another handle for the same name\n");
  nvtxDomainNameCategoryA(zoo, 1, "animal");
  nvtxDomainNameCategoryW(zoo, 2, L"plant");
  const nvtxStringHandle_t lion = nvtxDomainRegisterStringA(zoo, "lion");
  const nvtxStringHandle_t oak = nvtxDomainRegisterStringW(zoo, L"oak");

  auto event = attributes();
  event.category = 1;
  event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  event.message.registered = lion;
  nvtxDomainRangePushEx(zoo, &event);
  nvtxRangePushA("between domains");
  nvtxDomainRangePop(zoo);  // each domain has its own stack
  nvtxRangePop();
  event.category = 2;
  event.message.registered = oak;
  const auto range = nvtxDomainRangeStartEx(zoo, &event);
  nvtxDomainRangeEnd(zoo, range);

  event = named("payload");
  event.payloadType = NVTX_PAYLOAD_TYPE_UNSIGNED_INT64;
  event.payload.ullValue = 0xFFFFFFFFFFFFFFFFULL;
  nvtxDomainMarkEx(wide, &event);
  event.payloadType = NVTX_PAYLOAD_TYPE_INT64;
  event.payload.llValue = -2;
  nvtxDomainMarkEx(wide, &event);
  event.payloadType = NVTX_PAYLOAD_TYPE_DOUBLE;
  event.payload.dValue = 2.5;
  nvtxDomainMarkEx(wide, &event);
  event.payloadType = NVTX_PAYLOAD_TYPE_UNSIGNED_INT32;
  event.payload.uiValue = 4000000000U;
  nvtxDomainMarkEx(wide, &event);
  event.payloadType = NVTX_PAYLOAD_TYPE_INT32;
  event.payload.iValue = -3;
  nvtxDomainMarkEx(wide, &event);
  event.payloadType = NVTX_PAYLOAD_TYPE_FLOAT;
  event.payload.fValue = 0.25F;
  nvtxDomainMarkEx(wide, &event);

  nvtxResourceAttributes_t resource{};
  resource.version = NVTX_VERSION;
  resource.size = NVTX_RESOURCE_ATTRIB_STRUCT_SIZE;
  resource.identifierType = NVTX_RESOURCE_TYPE_GENERIC_HANDLE;
  resource.identifier.ullValue = 42;
  resource.messageType = NVTX_MESSAGE_TYPE_ASCII;
  resource.message.ascii = "cage";
  nvtxDomainResourceDestroy(nvtxDomainResourceCreate(zoo, &resource));
#if __has_include(<cuda.h>)
  nvtxNameCuDeviceA(3, "third device");
  nvtxNameCuStreamW(reinterpret_cast<CUstream>(0x1234), L"a stream");
#endif
  nvtxDomainDestroy(zoo);
}

void threads(int count, int ranges) {
  std::vector<std::thread> all;
  for (int t = 0; t < count; ++t) {
    all.emplace_back([t, ranges] {
      nvtxNameOsThreadW(thread_id(), (L"worker " + std::to_wstring(t)).c_str());
      const std::string outer = "outer " + std::to_string(t);
      const std::string inner = "inner " + std::to_string(t);
      for (int i = 0; i < ranges; ++i) {
        nvtxRangePushA(outer.c_str());
        nvtxRangePushA(inner.c_str());
        nvtxRangePop();
        nvtxRangePop();
      }
    });
  }
  for (auto& thread : all) thread.join();
}

// Ranges until killed; says "ready" when the first two seconds have passed.
void busy() {
  nvtxRangePushA("open at the end");
  const auto start = std::chrono::steady_clock::now();
  for (bool told = false;;) {
    nvtxRangePushA("tick");
    std::this_thread::sleep_for(1ms);
    nvtxRangePop();
    if (!told && std::chrono::steady_clock::now() - start > 2s) {
      std::puts("ready");
      std::fflush(stdout);
      told = true;
    }
  }
}

// A mark, then "<path>.begun" where the mark must be in the file; when `path` appears, another, and the end.
void stay(const std::string& path) {
  nvtxMarkA("before");
  std::this_thread::sleep_for(1500ms);
  if (FILE* begun = std::fopen((path + ".begun").c_str(), "w")) std::fclose(begun);
  for (int i = 0; i < 1200 && access(path.c_str(), F_OK) != 0; ++i) std::this_thread::sleep_for(50ms);
  nvtxMarkA("after");
}

// Six steps of 50 ms with work in each, told as `step` ranges of the domain foldperf, whose text may be any; another
// thread's start/end range "hot" spans the third and the fourth.
void steps() {
  const nvtxDomainHandle_t domain = nvtxDomainCreateA("foldperf");
  nvtxDomainNameCategoryA(domain, 9, "step");
  nvtxMarkA("before all");
  nvtxRangeId_t hot = 0;
  for (int i = 0; i < 6; ++i) {
    if (i == 2) std::thread([&hot] { hot = nvtxRangeStartA("hot"); }).join();
    auto event = named("a step");
    event.category = 9;
    nvtxDomainRangePushEx(domain, &event);
    nvtxRangePushA(("work " + std::to_string(i)).c_str());
    std::this_thread::sleep_for(50ms);
    nvtxRangePop();
    nvtxDomainRangePop(domain);
    if (i == 3) nvtxRangeEnd(hot);
    nvtxMarkA(("after " + std::to_string(i)).c_str());
  }
}

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// As NCCL annotates its calls: pushed through NVTX's core, popped with a payload that is known only then.
struct Communicator {
  std::uint64_t id;
  std::int32_t ranks;
};

class NcclRange {
 public:
  NcclRange(nvtxDomainHandle_t domain, const char* function) : domain_(domain) {
    const nvtxPayloadSchemaEntry_t entries[] = {
        {0, NVTX_PAYLOAD_ENTRY_TYPE_UINT64, "NCCL communicator ID", nullptr, 0, 0, nullptr, nullptr},
        {0, NVTX_PAYLOAD_ENTRY_TYPE_INT, "No. of ranks", nullptr, 0, offsetof(Communicator, ranks), nullptr, nullptr}};
    nvtxPayloadSchemaAttr_t schema{};
    schema.fieldMask = NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_TYPE | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES |
                       NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_SCHEMA_ID;
    schema.type = NVTX_PAYLOAD_SCHEMA_TYPE_STATIC;
    schema.entries = entries;
    schema.numEntries = 2;
    schema.schemaId = NVTX_PAYLOAD_SCHEMA_ID_STATIC_START + 11;
    schema_ = nvtxPayloadSchemaRegister(domain_, &schema);
    auto event = attributes();
    event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
    event.message.registered = nvtxDomainRegisterStringA(domain_, function);
    depth = nvtxDomainRangePushEx(domain_, &event);
  }
  int pop() {
    const Communicator communicator{77, 2};
    const nvtxPayloadData_t payload{schema_, sizeof(communicator), &communicator};
    return nvtxRangePopPayload(domain_, &payload, 1);
  }
  int depth = 0;

 private:
  nvtxDomainHandle_t domain_;
  std::uint64_t schema_ = 0;
};

struct Message {
  std::uint32_t number;
  const char* text;
  char embedded[8];
};

// A schema of `Message`, whose text is entry `message` of it (0: none), under a name.
std::uint64_t message_schema(nvtxDomainHandle_t domain, const char* name, int message) {
  const auto flag = [message](int entry) -> std::uint64_t {
    return message == entry ? NVTX_PAYLOAD_ENTRY_FLAG_EVENT_MESSAGE : 0;
  };
  const nvtxPayloadSchemaEntry_t entries[] = {
      {0, NVTX_PAYLOAD_ENTRY_TYPE_UINT32, "number", nullptr, 0, 0, nullptr, nullptr},
      {flag(1), NVTX_PAYLOAD_ENTRY_TYPE_CSTRING, "text", nullptr, 0, offsetof(Message, text), nullptr, nullptr},
      {flag(2), NVTX_PAYLOAD_ENTRY_TYPE_CSTRING, "short", nullptr, 8, offsetof(Message, embedded), nullptr, nullptr}};
  nvtxPayloadSchemaAttr_t schema{};
  schema.fieldMask = NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NAME | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_TYPE |
                     NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES;
  schema.name = name;
  schema.type = NVTX_PAYLOAD_SCHEMA_TYPE_STATIC;
  schema.entries = entries;
  schema.numEntries = 3;
  return nvtxPayloadSchemaRegister(domain, &schema);
}

// All calls of the payload extension; its first NVTX call is one of them. Returns what NVTX returned.
std::string payloads_of_one_thread(const std::string& thread) {
  std::string returned;
  const auto note = [&returned](auto value) { returned += " " + std::to_string(value); };
  const std::uint64_t named_schema = message_schema(nullptr, "schema name", 0);
  const nvtxDomainHandle_t nccl = nvtxDomainCreateA("NCCL");
  NcclRange init(nccl, "ncclCommInitRankConfig");
  note(init.depth);
  const auto outer = named("outer");
  note(nvtxDomainRangePushEx(nccl, &outer));

  const std::string text = "pointed " + thread;
  const Message message{1, text.c_str(), {'e', 'm', 'b', 'e', 'd', 'd', 'e', 'd'}};
  const nvtxPayloadData_t pointed{message_schema(nccl, "unused name", 1), sizeof(message), &message};
  const nvtxPayloadData_t embedded{message_schema(nccl, "cut off", 2), sizeof(message), &message};
  const nvtxPayloadData_t without_text{named_schema, sizeof(message), &message};
  const nvtxPayloadData_t cut{embedded.schemaId, offsetof(Message, embedded) + 7, &message};
  note(nvtxRangePushPayload(nccl, &pointed, 1));
  note(nvtxRangePushPayload(nullptr, &without_text, 1));  // each domain has its own stack
  nvtxMarkPayload(nccl, &embedded, 1);
  nvtxMarkPayload(nccl, &cut, 1);
  note(nvtxRangePopPayload(nullptr, nullptr, 0));
  note(nvtxDomainRangePop(nccl));
  note(nvtxRangePopPayload(nccl, &without_text, 1));

  const auto by_payload = nvtxRangeStartPayload(nccl, &embedded, 1);
  const auto started = named("started plain");
  const auto plain = nvtxDomainRangeStartEx(nccl, &started);
  nvtxDomainRangeEnd(nccl, by_payload);
  nvtxRangeEndPayload(nccl, plain, &without_text, 1);
  note(init.pop());
  note(nvtxRangePopPayload(nccl, nullptr, 0));  // nothing is open
  note(static_cast<int>(nvtxDomainIsEnabled(nccl)));
  nvtxPayloadEnumAttr_t enumeration{};
  note(nvtxPayloadEnumRegister(nccl, &enumeration) >= NVTX_PAYLOAD_SCHEMA_ID_DYNAMIC_START ? 1 : 0);
  note(named_schema != 0 && named_schema != pointed.schemaId ? 1 : 0);
  note(nvtxTimestampGet());  // not served
  return returned;
}

void payloads(bool tell) {
  std::string first = payloads_of_one_thread("one");
  std::string second;
  std::thread([&second] { second = payloads_of_one_thread("two"); }).join();
  if (tell) std::printf("%s\n%s\n", first.c_str(), second.c_str());
}

// A window of one range that is popped with a payload.
void payload_window() {
  const nvtxDomainHandle_t nccl = nvtxDomainCreateA("NCCL");
  nvtxMarkA("before");
  NcclRange window(nccl, "window");
  nvtxRangePushA("inside");
  nvtxRangePop();
  window.pop();
  nvtxMarkA("after");
}

// A child knows none of its parent's ranges, whatever ends them.
void payload_fork() {
  const nvtxDomainHandle_t nccl = nvtxDomainCreateA("NCCL");
  NcclRange parent(nccl, "parent");
  const pid_t child = fork();
  if (child == 0) {
    parent.pop();
    NcclRange own(nccl, "child");
    own.pop();
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  parent.pop();
}

// Opens the extension's door by hand, before NVTX's own: what it answers to modules that it must not serve, and how
// many slots it fills where there are fewer than it could.
void payload_door() {
  void* library = dlopen(std::getenv("NVTX_INJECTION64_PATH"), RTLD_LAZY);
  void* symbol = library == nullptr ? nullptr : dlsym(library, "InitializeInjectionNvtxExtension");
  if (symbol == nullptr) std::exit(9);
  const auto open = reinterpret_cast<NvtxExtInitializeInjectionFunc_t>(symbol);
  intptr_t slots[64] = {};
  nvtxExtModuleSegment_t segment{0, 5, slots};
  const nvtxExtModuleInfo_t good{NVTX_VERSION,
                                 sizeof(nvtxExtModuleInfo_t),
                                 NVTX_EXT_PAYLOAD_MODULEID,
                                 NVTX_EXT_PAYLOAD_COMPATID,
                                 1,
                                 &segment,
                                 nullptr,
                                 nullptr};
  std::printf("%d", open(nullptr));
  auto bad = good;
  bad.structSize = offsetof(nvtxExtModuleInfo_t, segments);
  std::printf(" %d", open(&bad));
  bad = good;
  bad.segmentsCount = 0;
  std::printf(" %d", open(&bad));
  bad = good;
  bad.segments = nullptr;
  std::printf(" %d", open(&bad));
  bad = good;
  bad.moduleId = 1;
  std::printf(" %d", open(&bad));
  bad = good;
  bad.compatId = 0x0200;
  std::printf(" %d", open(&bad));
  const auto filled = [&slots] {
    int count = 0;
    for (const intptr_t slot : slots) count += slot != 0 ? 1 : 0;
    return count;
  };
  std::printf(", %d slots", filled());
  auto served = good;
  std::printf(", %d", open(&served));
  std::printf(" %d slots", filled());
  segment.slotCount = 63;
  std::printf(", %d", open(&served));
  std::printf(" %d slots\n", filled());
  payloads(false);
}

// Two generations: parent, child, grandchild each write a file of their own.
void fork_twice() {
  nvtxRangePushA("parent before");
  const pid_t child = fork();
  if (child == 0) {
    nvtxRangePop();  // the parent's range: nothing to pop here
    nvtxRangePushA("child");
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      nvtxMarkA("grandchild");
      std::exit(6);
    }
    const int code = wait_for(grandchild);
    nvtxRangePop();
    std::exit(code + 1);
  }
  const int code = wait_for(child);
  nvtxRangePop();
  nvtxMarkA("parent after");
  std::printf("child ended with %d\n", code);
}

// Forks again and again while other threads keep the collector busy: no child may hang.
void fork_storm() {
  // NVTX's own first call is not safe against fork: a child made while another thread is inside it waits for ever for
  // that thread, collector or not. It is made before there are threads.
  nvtxMarkA("before the storm");
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&stop] {
      while (!stop) {
        nvtxRangePushA("noise with a text that is longer than a short string");
        nvtxRangePop();
        if (thread_id() % 2 == 0) std::this_thread::yield();
      }
    });
  }
  int good = 0;
  for (int i = 0; i < 40; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      nvtxMarkA("in the child");
      std::exit(0);
    }
    if (wait_for(child) == 0) ++good;
  }
  stop = true;
  for (auto& writer : writers) writer.join();
  std::printf("%d children\n", good);
}

void exec_self(const char* program) {
  nvtxMarkA("before exec");
  std::this_thread::sleep_for(1500ms);  // exec leaves no time to flush: at most the last second may be lost
  execl(program, program, "mark", "after exec", nullptr);
  std::exit(99);
}

void write_nothing() {
  const nvtxDomainHandle_t domain = nvtxDomainCreateA("silent");
  nvtxDomainNameCategoryA(domain, 1, "unused");
}

void overflow() {
  const auto event = named("a text that takes its room in the ring of this thread, which is small");
  for (int i = 0; i < 300000; ++i) {
    nvtxRangePushEx(&event);
    nvtxRangePop();
  }
}

struct AtExit {
  ~AtExit() { nvtxMarkA("static destructor"); }
};

void late_events() {
  static const AtExit last;
  std::atexit([] { nvtxMarkA("atexit"); });
  static thread_local AtExit thread_end;
  std::thread([] {
    (void)&thread_end;
    nvtxMarkA("thread");
  }).join();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "all_calls") {
    default_domain();
    own_domain();
    threads(4, 100);
  } else if (mode == "threads") {
    threads(8, 20000);
  } else if (mode == "busy") {
    busy();
  } else if (mode == "abort") {
    nvtxMarkA("before abort");
    std::this_thread::sleep_for(1500ms);
    std::abort();
  } else if (mode == "_exit") {
    nvtxMarkA("before _exit");
    std::this_thread::sleep_for(1500ms);
    _exit(5);
  } else if (mode == "exit") {
    nvtxRangePushA("still open");
    nvtxMarkA("before exit");
    std::puts("to stdout");
    std::fputs("to stderr\n", stderr);
    std::exit(3);
  } else if (mode == "signals") {
    // The program's own handlers and masks are as it set them.
    signal(SIGUSR1, [](int) { [[maybe_unused]] const auto n = write(1, "handled\n", 8); });
    nvtxMarkA("mark");
    kill(getpid(), SIGUSR1);
    std::this_thread::sleep_for(200ms);
    struct sigaction action {};
    std::vector<int> changed;
    for (const int number : {SIGINT, SIGTERM, SIGSEGV, SIGPIPE, SIGCHLD, SIGXFSZ}) {
      sigaction(number, nullptr, &action);
      if (action.sa_handler != SIG_DFL) changed.push_back(number);
    }
    std::printf("%zu changed\n", changed.size());
  } else if (mode == "fork") {
    fork_twice();
  } else if (mode == "fork_storm") {
    fork_storm();
  } else if (mode == "exec") {
    exec_self(argv[0]);
  } else if (mode == "mark") {
    nvtxMarkA(argv[2]);
  } else if (mode == "stay") {
    stay(argv[2]);
  } else if (mode == "nothing") {
    write_nothing();
  } else if (mode == "overflow") {
    overflow();
  } else if (mode == "steps") {
    steps();
  } else if (mode == "payloads") {
    payloads(argc > 2);
  } else if (mode == "payload_window") {
    payload_window();
  } else if (mode == "payload_fork") {
    payload_fork();
  } else if (mode == "payload_door") {
    payload_door();
  } else if (mode == "late") {
    late_events();
  } else {
    std::fputs("unknown mode\n", stderr);
    return 2;
  }
  return 0;
}
