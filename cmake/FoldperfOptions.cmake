# Options a person may set, and the defaults that presets build on.
option(FOLDPERF_TESTS "Build the tests" ON)
option(FOLDPERF_BENCHMARKS "Build the benchmarks" ON)
option(FOLDPERF_WERROR "Treat warnings as errors" OFF)
option(FOLDPERF_UNITY "Compile the files that use Torch in groups: a clean build in half the time, a changed file slower" ON)
option(FOLDPERF_TORCH "Build what uses LibTorch: OFF leaves core, collectors, command line and the trainer's Torch-free parts" ON)
option(FOLDPERF_CUDA "Build CUDA sources (needs nvcc 13 on PATH or in the Python environment)" ON)
set(FOLDPERF_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")
option(FOLDPERF_LIBFUZZER "Build tests/fuzz for clang's libFuzzer (scripts/fuzz.sh)" OFF)
set(FOLDPERF_VENV "${PROJECT_SOURCE_DIR}/.venv" CACHE PATH "Python environment that holds torch (made by scripts/setup.sh)")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The slopiness lets ccache keep objects that use the precompiled Torch header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;${CCACHE_PROGRAM}")
endif()
