find_path(GEMMI_INCLUDE_DIR gemmi/mmread.hpp REQUIRED)
set(_gemmi_include_dir "${GEMMI_INCLUDE_DIR}")
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Gemmi's Block has a std::vector of Items, which are not yet complete there. Clang looks at once into what is
  # constexpr, as vector's members are in C++20, and refuses that: in a copy of the headers Block's special members are
  # defined behind Item.
  set(_gemmi_include_dir "${PROJECT_BINARY_DIR}/gemmi_for_clang")
  file(COPY "${GEMMI_INCLUDE_DIR}/gemmi" DESTINATION "${_gemmi_include_dir}"
       PATTERN cifdoc.hpp EXCLUDE)
  file(READ "${GEMMI_INCLUDE_DIR}/gemmi/cifdoc.hpp" _text)
  string(REPLACE "explicit Block(const std::string& name_) : name(name_) {}\n  Block() {}"
    "explicit Block(const std::string& name_);
  Block();
  Block(const Block&);
  Block(Block&&) noexcept;
  Block& operator=(const Block&);
  Block& operator=(Block&&) noexcept;
  ~Block();" _text "${_text}")
  string(REPLACE "// ItemSpan is used to add"
    "inline Block::Block(const std::string& name_) : name(name_) {}
inline Block::Block() = default;
inline Block::Block(const Block&) = default;
inline Block::Block(Block&&) noexcept = default;
inline Block& Block::operator=(const Block&) = default;
inline Block& Block::operator=(Block&&) noexcept = default;
inline Block::~Block() = default;

// ItemSpan is used to add" _text "${_text}")
  file(CONFIGURE OUTPUT "${_gemmi_include_dir}/gemmi/cifdoc.hpp" CONTENT "${_text}" @ONLY)
endif()
add_library(Gemmi::Gemmi INTERFACE IMPORTED)
set_target_properties(Gemmi::Gemmi PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${_gemmi_include_dir}"
  INTERFACE_LINK_LIBRARIES ZLIB::ZLIB)
