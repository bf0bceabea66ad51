# One interface target carries the warnings of our own code; outside headers are SYSTEM.
add_library(foldperf_warnings INTERFACE)
target_compile_options(foldperf_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${FOLDPERF_WERROR}>>:-Werror>)
