# foldperf_add_sealed_library(NAME event_encoder SOURCES a.cpp ARCHIVE protobuf::libprotobuf-lite KEEP "_ZN3our*")
#   a static library foldperf::NAME of one object: SOURCES and what they need of ARCHIVE linked together, all of it under
#   names of its own. Only symbols that fit the pattern KEEP can be found from outside. So a library that is also in
#   another version in the same process (LibTorch exports parts of protobuf) can neither be found by that one, nor find
#   its. A shared object of its own would do it too, and be one more file to find; Debian's archives are not made for it.
function(foldperf_add_sealed_library)
  cmake_parse_arguments(A "" "NAME;ARCHIVE;KEEP" "SOURCES" ${ARGN})
  set(objects foldperf_${A_NAME}_objects)
  add_library(${objects} OBJECT ${A_SOURCES})
  target_include_directories(${objects} PRIVATE "${PROJECT_SOURCE_DIR}"
    $<TARGET_PROPERTY:${A_ARCHIVE},INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(${objects} PRIVATE foldperf_warnings)
  set_target_properties(${objects} PROPERTIES CXX_VISIBILITY_PRESET hidden)

  set(sealed "${CMAKE_CURRENT_BINARY_DIR}/${A_NAME}_sealed.o")
  add_custom_command(OUTPUT "${sealed}"
    COMMAND "${CMAKE_COMMAND}" "-DCOMPILER=${CMAKE_CXX_COMPILER}" "-DOBJCOPY=${CMAKE_OBJCOPY}" "-DNM=${CMAKE_NM}"
            "-DOBJECTS=$<TARGET_OBJECTS:${objects}>" "-DARCHIVE=$<TARGET_FILE:${A_ARCHIVE}>"
            "-DKEEP=${A_KEEP}" "-DPREFIX=foldperf_${A_NAME}_" "-DOUTPUT=${sealed}"
            -P "${PROJECT_SOURCE_DIR}/cmake/seal_objects.cmake"
    DEPENDS ${objects} $<TARGET_OBJECTS:${objects}> "$<TARGET_FILE:${A_ARCHIVE}>"
            "${PROJECT_SOURCE_DIR}/cmake/seal_objects.cmake"
    COMMENT "Sealing ${A_NAME}"
    VERBATIM)
  set_source_files_properties("${sealed}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  add_library(foldperf_${A_NAME} STATIC "${sealed}")
  add_library(foldperf::${A_NAME} ALIAS foldperf_${A_NAME})
  set_target_properties(foldperf_${A_NAME} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(foldperf_${A_NAME} PUBLIC "${PROJECT_SOURCE_DIR}")
endfunction()
