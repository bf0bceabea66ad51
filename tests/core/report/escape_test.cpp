#include "core/report/escape.hpp"

#include <gtest/gtest.h>

#include "core/report/text_table.hpp"
#include "core/report/units.hpp"

namespace foldperf::report {
namespace {

TEST(CleanText, DropsWhatSteersATerminal) {
  EXPECT_EQ(clean_text("a\x1b[31mred\x1b[0m"), "a[31mred[0m");
  EXPECT_EQ(clean_text("bell\x07 back\x08 del\x7f"), "bell back del");
  EXPECT_EQ(clean_text("line\nnext\ttab\r"), "line next tab ");
  EXPECT_EQ(clean_text(std::string_view("nul\0!", 5)), "nul!");
  EXPECT_EQ(clean_text("c1\xC2\x9B"
                       "31m"),
            "c131m");  // CSI as one code point
  EXPECT_EQ(clean_text("\xE2\x80\xAE"
                       "gnp.exe"),
            "gnp.exe");  // right-to-left override
}

TEST(CleanText, KeepsTextAndMarksBrokenBytes) {
  EXPECT_EQ(clean_text("lDDT-Cα ± 5 µs 蛋白质 🧬"), "lDDT-Cα ± 5 µs 蛋白质 🧬");
  EXPECT_EQ(clean_text("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(clean_text("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(clean_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
  EXPECT_EQ(clean_text("cut\xE2\x82"), "cut\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(EscapeHtml, MakesMarkupHarmless) {
  EXPECT_EQ(escape_html("<script>alert('x')</script>"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  EXPECT_EQ(escape_html("a & \"b\""), "a &amp; &quot;b&quot;");
  EXPECT_EQ(escape_html("\x1b<"), "&lt;");
}

TEST(Shorten, KeepsBothEnds) {
  EXPECT_EQ(shorten("short", 10), "short");
  const std::string cut = shorten("evoformer.blocks.*.core.msa_transition", 20);
  EXPECT_EQ(display_width(cut), 20U);
  EXPECT_TRUE(cut.starts_with("evofor"));
  EXPECT_TRUE(cut.ends_with("transition"));
  EXPECT_NE(cut.find("…"), std::string::npos);
  EXPECT_EQ(display_width(shorten("ααααααααααα", 5)), 5U);
  EXPECT_EQ(shorten("abc", 0), "");
  EXPECT_EQ(shorten("abc", 1), "…");
}

TEST(TextTable, AlignsAndKeepsItsWidth) {
  TextTable table({"<name", "time"});
  table.add_row({"short", "1 µs"});
  table.add_row({std::string(300, 'x'), "22.5 ms"});
  const std::string text = table.render(60);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(display_width(text.substr(at, end - at)), 60U);
    at = end + 1;
  }
  EXPECT_NE(text.find("   1 µs\n"), std::string::npos) << text;
}

TEST(TextTable, CellsCannotBreakOut) {
  TextTable table({"<name", "n"});
  table.add_row({"a\n\x1b[2Jb", "1"});
  EXPECT_EQ(table.render(80).find('\x1b'), std::string::npos);
  EXPECT_NE(table.render(80).find("a [2Jb"), std::string::npos);
}

TEST(Units, Durations) {
  EXPECT_EQ(format_duration(0), "0");
  EXPECT_EQ(format_duration(812), "812 ns");
  EXPECT_EQ(format_duration(999.7), "1.00 µs");
  EXPECT_EQ(format_duration(4096), "4.10 µs");
  EXPECT_EQ(format_duration(37'240'000), "37.2 ms");
  EXPECT_EQ(format_duration(999'700'000), "1.00 s");
  EXPECT_EQ(format_duration(1.284e9), "1.28 s");
  EXPECT_EQ(format_duration(247e9), "4 min 07 s");
  EXPECT_EQ(format_duration(7500e9), "2 h 05 min");
  EXPECT_EQ(format_duration(-37'240'000), "-37.2 ms");
  EXPECT_EQ(format_tick_duration(50e6), "50 ms");
  EXPECT_EQ(format_tick_duration(2.5e9), "2.5 s");
  EXPECT_EQ(format_tick_duration(0), "0");
}

TEST(Units, OtherNumbers) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(-123456), "-123,456");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(25769803776.0), "24.0 GiB");
  EXPECT_EQ(format_percent(0.1234), "12.3%");
  EXPECT_EQ(format_percent(0.0001), "<0.1%");
  EXPECT_EQ(format_percent(0), "0.0%");
  EXPECT_EQ(format_value(0.0712), "0.0712");
  EXPECT_EQ(format_value(1e-5), "1.00e-05");
  EXPECT_EQ(format_value(12.34), "12.3");
  EXPECT_EQ(format_rate(2.414), "2.41/s");
  EXPECT_EQ(format_rate(0.05), "3.00/min");
  EXPECT_EQ(format_utc(1'767'225'605'000'000'000), "2026-01-01 00:00:05 UTC");
  EXPECT_EQ(format_utc(0), "unknown");
  EXPECT_EQ(format_tick(0.5, 0.25), "0.50");
  EXPECT_EQ(format_tick(2, 0.5), "2.0");
  EXPECT_EQ(format_tick(300, 100), "300");
}

}  // namespace
}  // namespace foldperf::report
