#include "collectors/names/names.hpp"

#include <new>

namespace foldperf::collectors {
namespace {

template <typename T>
std::vector<T> tail(const std::deque<T>& all, std::size_t& from) {
  std::vector<T> result(all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
  from = all.size();
  return result;
}

}  // namespace

Names& Names::instance() {
  alignas(Names) static std::byte place[sizeof(Names)];
  static Names* const names = new (place) Names;
  return *names;
}

const Domain* Names::create_domain(std::string name) {
  const std::lock_guard lock(mutex_);
  if (const auto known = domain_by_name_.find(name); known != domain_by_name_.end()) return known->second;
  domains_.push_back({static_cast<std::uint32_t>(domains_.size() + 1), std::move(name)});
  domain_by_name_.emplace(domains_.back().name, &domains_.back());
  return &domains_.back();
}

const RegisteredString* Names::register_string(std::string text) {
  const std::lock_guard lock(mutex_);
  if (const auto known = string_by_text_.find(text); known != string_by_text_.end()) return known->second;
  strings_.push_back({static_cast<std::uint32_t>(strings_.size()), std::move(text)});
  string_by_text_.emplace(strings_.back().text, &strings_.back());
  return &strings_.back();
}

std::string Names::text_of_string(std::uint32_t index) {
  const std::lock_guard lock(mutex_);
  return index < strings_.size() ? strings_[index].text : std::string();
}

std::string Names::name_of_domain(std::uint32_t index) {
  const std::lock_guard lock(mutex_);
  return index != 0 && index <= domains_.size() ? domains_[index - 1].name : std::string();
}

std::string Names::name_of_category(std::uint32_t domain, std::uint32_t category) {
  const std::lock_guard lock(mutex_);
  const auto known = category_by_id_.find({domain, category});
  return known != category_by_id_.end() ? known->second->name : std::string();
}

void Names::name_category(std::uint32_t domain, std::uint32_t category, std::string name) {
  const std::lock_guard lock(mutex_);
  const CategoryName*& known = category_by_id_[{domain, category}];
  if (known != nullptr && known->name == name) return;
  categories_.push_back({domain, category, std::move(name)});
  known = &categories_.back();
}

void Names::name_thread(std::uint32_t thread_id, std::string name) {
  const std::lock_guard lock(mutex_);
  const ThreadName*& known = thread_by_id_[thread_id];
  if (known != nullptr && known->name == name) return;
  threads_.push_back({thread_id, std::move(name)});
  known = &threads_.back();
}

const ResourceName* Names::name_resource(std::uint32_t domain, std::int32_t type, std::uint64_t identifier,
                                         std::string name) {
  const std::lock_guard lock(mutex_);
  const ResourceName*& known = resource_by_id_[{domain, type, identifier}];
  if (known != nullptr && known->name == name) return known;
  resources_.push_back({domain, type, identifier, std::move(name)});
  return known = &resources_.back();
}

Names::News Names::since(Cursor& cursor) {
  const std::lock_guard lock(mutex_);
  News news;
  news.domains = tail(domains_, cursor.domains);
  news.strings = tail(strings_, cursor.strings);
  news.categories = tail(categories_, cursor.categories);
  news.threads = tail(threads_, cursor.threads);
  news.resources = tail(resources_, cursor.resources);
  return news;
}

void Names::unlock_in_child() {
  thread_by_id_.clear();
  threads_.clear();
  mutex_.unlock();
}

}  // namespace foldperf::collectors
