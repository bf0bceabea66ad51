// What NVTX's arguments and the environment are read as.
#include <gtest/gtest.h>
#include <nvtx3/nvToolsExtPayload.h>

#include <bit>
#include <string>

#include "collectors/names/names.hpp"
#include "collectors/names/text.hpp"
#include "collectors/nvtx/attributes.hpp"
#include "collectors/session/settings.hpp"

namespace foldperf::collectors {
namespace {

std::string_view text_of(const EventArguments& arguments) { return {arguments.body.text, arguments.body.text_bytes}; }

TEST(Text, WideBecomesUtf8) {
  EXPECT_EQ(wide_to_utf8(L"a\u00e9\u20ac\U0001F600"), "a\u00e9\u20ac\U0001F600");
  EXPECT_EQ(wide_to_utf8(nullptr), "");
  const wchar_t lone_surrogate[] = {static_cast<wchar_t>(0xD800), L'x', 0};
  EXPECT_EQ(wide_to_utf8(lone_surrogate), "\uFFFDx");
  char room[3];
  EXPECT_EQ(wide_to_utf8(L"ab\u20ac", room, sizeof(room)), 2u);  // whole characters only
}

TEST(Text, InvalidUtf8IsReplaced) {
  EXPECT_EQ(valid_utf8("plain \u00e9 \u20ac \U0001F600"), "plain \u00e9 \u20ac \U0001F600");
  EXPECT_EQ(valid_utf8("a\xFF"), "a\uFFFD");
  EXPECT_EQ(valid_utf8("\xC3"), "\uFFFD");                                // cut
  EXPECT_EQ(valid_utf8("\xC0\x80"), "\uFFFD\uFFFD");                      // overlong
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // surrogate
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // beyond Unicode
}

TEST(Text, LongTextIsCutBetweenCharacters) {
  std::string text(longest_text_bytes - 1, 'x');
  text += "\u20ac and more";
  EXPECT_EQ(bounded_length(text.c_str()), longest_text_bytes - 1);
  EXPECT_EQ(bounded_length("short"), 5u);
  EXPECT_EQ(bounded_length(nullptr), 0u);
}

TEST(EventArguments, OfAttributes) {
  nvtxEventAttributes_t attributes{};
  attributes.category = 9;
  attributes.colorType = NVTX_COLOR_ARGB;
  attributes.color = 0x80FFFFFF;
  attributes.payloadType = NVTX_PAYLOAD_TYPE_DOUBLE;
  attributes.payload.dValue = 1.5;
  attributes.messageType = NVTX_MESSAGE_TYPE_UNICODE;
  const std::wstring wide(1000, L'\u20ac');  // more than lies on the stack
  attributes.message.unicode = wide.c_str();
  const EventArguments event(EventKind::mark, nullptr, &attributes);
  EXPECT_EQ(event.header.kind, EventKind::mark);
  EXPECT_EQ(event.header.category, 9u);
  EXPECT_EQ(event.header.has_color, 1);
  EXPECT_EQ(event.header.color, 0x80FFFFFFu);
  EXPECT_EQ(event.header.payload_kind, PayloadKind::float64);
  EXPECT_EQ(event.header.payload_bits, std::bit_cast<std::uint64_t>(1.5));
  EXPECT_EQ(text_of(event), wide_to_utf8(wide.c_str()));
  EXPECT_EQ(event.header.text, 3000u);
}

TEST(EventArguments, OfNothing) {
  const EventArguments no_attributes(EventKind::push, nullptr, static_cast<const nvtxEventAttributes_t*>(nullptr));
  EXPECT_EQ(no_attributes.header.text_kind, TextKind::none);
  const EventArguments no_text(EventKind::push, static_cast<const char*>(nullptr));
  EXPECT_EQ(no_text.header.text_kind, TextKind::none);
  nvtxEventAttributes_t attributes{};
  attributes.messageType = NVTX_MESSAGE_TYPE_REGISTERED;  // without a handle
  attributes.payloadType = 12345;                         // not known
  const EventArguments unknown(EventKind::push, nullptr, &attributes);
  EXPECT_EQ(unknown.header.text_kind, TextKind::none);
  EXPECT_EQ(unknown.header.payload_kind, PayloadKind::none);
}

TEST(EventArguments, OfAnExtendedPayload) {
  const char bytes[] = {1, 2, 3, 4};
  nvtxPayloadData_t data{};
  data.size = sizeof(bytes);
  data.payload = bytes;
  nvtxEventAttributes_t attributes{};
  attributes.payloadType = NVTX_PAYLOAD_TYPE_EXT;
  attributes.reserved0 = 1;
  attributes.payload.ullValue = reinterpret_cast<std::uintptr_t>(&data);
  const EventArguments event(EventKind::mark, nullptr, &attributes);
  EXPECT_EQ(event.header.payload_kind, PayloadKind::binary);
  EXPECT_EQ(event.body.binary_bytes, 4u);
  data.size = SIZE_MAX;  // "find out": cannot be
  EXPECT_EQ(EventArguments(EventKind::mark, nullptr, &attributes).header.payload_kind, PayloadKind::none);
}

TEST(Names, AreKeptOnceAndReadOnce) {
  Names names;
  const Domain* domain = names.create_domain("d");
  EXPECT_EQ(names.create_domain("d"), domain);
  EXPECT_EQ(domain->index, 1u);
  const RegisteredString* string = names.register_string("s");
  EXPECT_EQ(names.register_string("s"), string);
  names.name_category(1, 2, "c");
  names.name_category(1, 2, "c");
  names.name_category(1, 2, "renamed");
  Names::Cursor cursor;
  const auto news = names.since(cursor);
  EXPECT_EQ(news.domains.size(), 1u);
  EXPECT_EQ(news.strings.size(), 1u);
  EXPECT_EQ(news.categories.size(), 2u);
  const auto later = names.since(cursor);
  EXPECT_TRUE(later.domains.empty() && later.strings.empty() && later.categories.empty());
}

TEST(Names, ThingsNamedAgainTakeNoMoreRoom) {
  Names names;
  const ResourceName* resource = names.name_resource(1, 2, 3, "r");
  for (int step = 0; step < 100; ++step) {
    names.name_thread(7, "worker");
    EXPECT_EQ(names.name_resource(1, 2, 3, "r"), resource);
  }
  names.name_thread(8, "worker");
  names.name_thread(7, "renamed");
  names.name_resource(1, 2, 3, "renamed");
  names.name_resource(1, 2, 4, "r");
  Names::Cursor cursor;
  const auto news = names.since(cursor);
  EXPECT_EQ(news.threads.size(), 3u);
  EXPECT_EQ(news.resources.size(), 3u);
  // A forked child's threads have other ids; it starts with none.
  names.lock_for_fork();
  names.unlock_in_child();
  names.name_thread(7, "renamed");
  Names::Cursor child;
  EXPECT_EQ(names.since(child).threads.size(), 1u);
}

TEST(Settings, ListsNameWords) {
  EXPECT_TRUE(list_names(nullptr, "nvtx"));
  EXPECT_TRUE(list_names("", "nvtx"));
  EXPECT_TRUE(list_names("nvtx", "nvtx"));
  EXPECT_TRUE(list_names("cupti,nvtx", "nvtx"));
  EXPECT_FALSE(list_names("cupti,nvtx2", "nvtx"));
}

}  // namespace
}  // namespace foldperf::collectors
