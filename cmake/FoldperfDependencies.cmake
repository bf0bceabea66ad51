# Every outside library is found here, and only here.
find_package(Threads REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_library(ZLIB_LIBRARY libz.a)  # linked into programs, as Protobuf below; else the shared one
if(ZLIB_LIBRARY)
  unset(ZLIB_LIBRARY_RELEASE CACHE)  # the shared one, of a build folder that was configured before
endif()
find_package(ZLIB REQUIRED)
# Linked into programs: other machines need not have it.
set(Protobuf_USE_STATIC_LIBS ON)
find_package(Protobuf REQUIRED)  # protobuf::protoc, protobuf::libprotobuf-lite
include(FindGemmiHeaders)  # Gemmi::Gemmi (headers only, Debian ships no CMake file)
include(FindLibTorch)      # Torch::Torch, Nvtx::Headers: from the Python environment
if(FOLDPERF_TESTS)
  find_package(GTest REQUIRED)
endif()
# Header only: Debian's compiled toml++ would be one more library that an installed tree or another machine must have.
find_path(TOMLPP_INCLUDE_DIR toml++/toml.h REQUIRED)
add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
set_target_properties(tomlplusplus::tomlplusplus PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${TOMLPP_INCLUDE_DIR}"
  INTERFACE_COMPILE_DEFINITIONS "TOML_HEADER_ONLY=1")
