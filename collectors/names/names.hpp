// What a program names rather than does: domains, registered strings, categories, threads, resources.
//
// These are few and long-lived, so they lie in tables under a lock, apart from the events' ring buffers. Entries are
// never moved or freed: their addresses are the handles that NVTX hands to the program. A thing that gets the name it
// has already (a thread that names itself at each step) takes no new entry.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace foldperf::collectors {

struct Domain {
  std::uint32_t index = 0;  // 0 is the default domain, which has no handle
  std::string name;
};

struct RegisteredString {
  std::uint32_t index = 0;
  std::string text;
};

struct CategoryName {
  std::uint32_t domain = 0;
  std::uint32_t category = 0;
  std::string name;
};

struct ThreadName {
  std::uint32_t thread_id = 0;
  std::string name;
};

struct ResourceName {
  std::uint32_t domain = 0;
  std::int32_t identifier_type = 0;
  std::uint64_t identifier = 0;
  std::string name;
};

// Thread safety: every function may be called from any thread. They may throw std::bad_alloc.
class Names {
 public:
  // The one of this process. Never destroyed: programs use handles in their own destructors.
  static Names& instance();

  // The same name gives the same domain: several libraries of a process may each create it.
  const Domain* create_domain(std::string name);
  const RegisteredString* register_string(std::string text);
  void name_category(std::uint32_t domain, std::uint32_t category, std::string name);
  void name_thread(std::uint32_t thread_id, std::string name);
  const ResourceName* name_resource(std::uint32_t domain, std::int32_t type, std::uint64_t identifier,
                                    std::string name);

  // Copies, empty where there is none of this number.
  std::string text_of_string(std::uint32_t index);
  std::string name_of_domain(std::uint32_t index);
  std::string name_of_category(std::uint32_t domain, std::uint32_t category);

  // Where a reader stands; value-initialised: at the beginning.
  struct Cursor {
    std::size_t domains = 0, strings = 0, categories = 0, threads = 0, resources = 0;
  };
  // What was named since.
  struct News {
    std::vector<Domain> domains;
    std::vector<RegisteredString> strings;
    std::vector<CategoryName> categories;
    std::vector<ThreadName> threads;
    std::vector<ResourceName> resources;
  };
  News since(Cursor& cursor);

  // Around fork(): no other thread is inside. In the child the thread names of the parent go, for its ids are others.
  void lock_for_fork() { mutex_.lock(); }
  void unlock_in_parent() { mutex_.unlock(); }
  void unlock_in_child();

 private:
  std::mutex mutex_;
  std::deque<Domain> domains_;
  std::map<std::string, const Domain*, std::less<>> domain_by_name_;
  std::deque<RegisteredString> strings_;
  std::map<std::string, const RegisteredString*, std::less<>> string_by_text_;
  std::deque<CategoryName> categories_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, const CategoryName*> category_by_id_;
  std::deque<ThreadName> threads_;
  std::map<std::uint32_t, const ThreadName*> thread_by_id_;
  std::deque<ResourceName> resources_;
  std::map<std::tuple<std::uint32_t, std::int32_t, std::uint64_t>, const ResourceName*> resource_by_id_;
};

}  // namespace foldperf::collectors
