if(FOLDPERF_SANITIZE)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX,C>:-fsanitize=${FOLDPERF_SANITIZE}>
                      $<$<COMPILE_LANGUAGE:CXX,C>:-fno-omit-frame-pointer>)
  if(FOLDPERF_SANITIZE MATCHES "undefined")
    # Undefined behaviour ends a test; a line in its output would be overlooked.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX,C>:-fno-sanitize-recover=undefined>)
  endif()
  add_link_options(-fsanitize=${FOLDPERF_SANITIZE})
endif()

if(FOLDPERF_LIBFUZZER)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "FOLDPERF_LIBFUZZER needs clang++ as CMAKE_CXX_COMPILER, which brings libFuzzer (scripts/fuzz.sh configures so)")
  endif()
  # Libraries tell libFuzzer which code an input reached; the targets of tests/fuzz link its main().
  add_compile_options($<$<COMPILE_LANGUAGE:CXX,C>:-fsanitize=fuzzer-no-link>)
endif()
