#include "core/report/escape.hpp"

#include <cstdint>

namespace foldperf::report {
namespace {

struct Decoded {
  char32_t code = 0xFFFD;
  std::size_t bytes = 1;
};

// One code point of possibly broken UTF-8. Overlong forms, surrogates and values past U+10FFFF are broken.
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  char32_t code = 0;
  char32_t least = 0;
  if ((lead & 0xE0) == 0xC0) {
    length = 2, code = lead & 0x1F, least = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3, code = lead & 0x0F, least = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4, code = lead & 0x07, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length};
}

bool dropped(char32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code <= 0x9F);
  const bool direction = code == 0x061C || (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
                         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
  return control || direction || code == 0xFFFE || code == 0xFFFF;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (next.code == '\n' || next.code == '\r' || next.code == '\t') {
      clean += ' ';
    } else if (next.code == 0xFFFD) {
      clean += "\xEF\xBF\xBD";
    } else if (!dropped(next.code)) {
      clean += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return clean;
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : clean_text(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  const std::string clean = clean_text(text);
  const std::size_t length = display_width(clean);
  if (length <= width) return clean;
  if (width == 0) return {};
  const std::size_t head = (width - 1) / 3;  // the end of a path says more than its beginning
  const std::size_t tail = width - 1 - head;
  std::string shortened;
  std::size_t at = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(clean[i]) & 0xC0) != 0x80;
    if (starts && at++ == head) shortened += "…";
    const std::size_t point = at - 1;
    if (point < head || point >= length - tail) shortened += clean[i];
  }
  return shortened;
}

}  // namespace foldperf::report
