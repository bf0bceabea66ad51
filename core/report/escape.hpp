// Text of a run database may come from a stranger: this is what makes it safe to show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foldperf::report {

// Valid UTF-8 without what could steer a terminal or a reader: control characters (C0, DEL, C1; a line end or tab
// becomes a space) and characters that change the direction of text are dropped, broken bytes become U+FFFD.
std::string clean_text(std::string_view text);

// clean_text, and & < > " ' as entities: safe as text and inside quoted attributes of HTML and SVG.
std::string escape_html(std::string_view text);

// Code points of valid UTF-8: columns of a terminal for the text we show.
std::size_t display_width(std::string_view text);

// clean_text, cut to `width` columns with an ellipsis in the middle, so that both ends of a module's path stay.
std::string shorten(std::string_view text, std::size_t width);

}  // namespace foldperf::report
