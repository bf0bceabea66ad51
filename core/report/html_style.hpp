// Style sheet and script of the HTML report, both inline.
#pragma once

#include <string_view>

namespace foldperf::report {

std::string_view style_sheet();
std::string_view script();       // sorts tables; the page reads well without it
std::string_view script_hash();  // "sha256-…" of script(), for the page's content security policy

}  // namespace foldperf::report
