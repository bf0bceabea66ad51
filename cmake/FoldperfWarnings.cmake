# One interface target carries the warnings of our own code; outside headers are SYSTEM.
add_library(foldperf_warnings INTERFACE)
target_compile_options(foldperf_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast>
  # g++ 12 warns falsely about "text" + std::string (GCC bug 105651).
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${FOLDPERF_WERROR}>>:-Werror>)
