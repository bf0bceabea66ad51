include(GNUInstallDirs)
foreach(_program foldperf foldperf-train foldperf_collector)
  if(TARGET ${_program})
    install(TARGETS ${_program}
      RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
