if(FOLDPERF_SANITIZE)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX,C>:-fsanitize=${FOLDPERF_SANITIZE}>
                      $<$<COMPILE_LANGUAGE:CXX,C>:-fno-omit-frame-pointer>)
  if(FOLDPERF_SANITIZE MATCHES "undefined")
    # Undefined behaviour ends a test; a line in its output would be overlooked.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX,C>:-fno-sanitize-recover=undefined>)
  endif()
  add_link_options(-fsanitize=${FOLDPERF_SANITIZE})
endif()
