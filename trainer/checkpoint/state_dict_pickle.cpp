#include "trainer/checkpoint/state_dict_pickle.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace foldperf::trainer {

namespace {

using std::string_view_literals::operator""sv;

// Opcodes of Python's pickle protocol 2 (Lib/pickletools.py).
namespace opcode {
constexpr char mark = '(', empty_dict = '}', stop = '.', set_items = 'u', tuple = 't', append_items = 'e', dict = 'd',
               list = 'l', get = 'h';
}

// Bytes of the operation at the beginning of `rest`; nullopt for an opcode that torch.save does not write, and where
// the pickle ends inside it.
std::optional<std::size_t> operation_size(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(rest[i]); };
  std::size_t size = 1;
  switch (rest.front()) {
    case 'c': {  // GLOBAL: module and name, a line each
      const std::size_t module_end = rest.find('\n');
      const std::size_t name_end = module_end == rest.npos ? rest.npos : rest.find('\n', module_end + 1);
      if (name_end == rest.npos) return std::nullopt;
      size = name_end + 1;
      break;
    }
    case 'X':  // BINUNICODE: length, text
      if (rest.size() < 5) return std::nullopt;
      size = 5 + (std::size_t{byte(1)} | std::size_t{byte(2)} << 8 | std::size_t{byte(3)} << 16 |
                  std::size_t{byte(4)} << 24);
      break;
    case '\x8a':  // LONG1: length, bytes
      if (rest.size() < 2) return std::nullopt;
      size = 2 + std::size_t{byte(1)};
      break;
    case 'G':  // BINFLOAT
      size = 9;
      break;
    case 'r':  // LONG_BINPUT
    case 'j':  // LONG_BINGET
    case 'J':  // BININT
      size = 5;
      break;
    case 'M':  // BININT2
      size = 3;
      break;
    case '\x80':  // PROTO
    case 'q':     // BINPUT
    case opcode::get:
    case 'K':  // BININT1
      size = 2;
      break;
    case ')':     // EMPTY_TUPLE
    case ']':     // EMPTY_LIST
    case 'R':     // REDUCE
    case 'b':     // BUILD
    case 's':     // SETITEM
    case 'a':     // APPEND
    case 'N':     // NONE
    case 'Q':     // BINPERSID
    case '\x81':  // NEWOBJ
    case '\x85':  // TUPLE1 to TUPLE3
    case '\x86':
    case '\x87':
    case '\x88':  // NEWTRUE, NEWFALSE
    case '\x89':
    case opcode::mark:
    case opcode::empty_dict:
    case opcode::stop:
    case opcode::set_items:
    case opcode::tuple:
    case opcode::append_items:
    case opcode::dict:
    case opcode::list:
      break;
    default:
      return std::nullopt;
  }
  if (size > rest.size()) return std::nullopt;
  return size;
}

}  // namespace

std::string ordered_dict_as_dict(std::string_view pickle) {
  // OrderedDict(), both the class and the object remembered: the tensors refer to the class again.
  constexpr std::string_view global = "ccollections\nOrderedDict\nq\0"sv;
  constexpr std::string_view head = "\x80\x02"sv;
  constexpr std::string_view construction = ")R"sv;
  const std::size_t head_size = head.size() + global.size() + construction.size();
  if (pickle.size() < head_size || pickle.substr(0, head.size()) != head ||
      pickle.substr(head.size(), global.size()) != global ||
      pickle.substr(head.size() + global.size(), construction.size()) != construction) {
    return std::string(pickle);
  }
  std::string result{head};
  result += opcode::empty_dict;
  std::string_view rest = pickle.substr(head_size);
  std::size_t open_marks = 0;
  bool class_is_known = false;
  while (!rest.empty()) {
    const auto size = operation_size(rest);
    if (!size) return std::string(pickle);
    const std::string_view operation = rest.substr(0, *size);
    const char code = operation.front();
    // Between two items nothing but an OrderedDict's own attributes begins with a dict.
    if (open_marks == 0 && (code == opcode::stop || code == opcode::empty_dict)) return result + opcode::stop;
    if (code == opcode::mark) ++open_marks;
    const bool closes = code == opcode::set_items || code == opcode::tuple || code == opcode::append_items ||
                        code == opcode::dict || code == opcode::list;
    if (closes && open_marks > 0) --open_marks;
    if (code == opcode::get && operation[1] == '\0' && !class_is_known) {
      result += global;  // the class's first appearance is now here
      class_is_known = true;
    } else {
      result += operation;
    }
    rest.remove_prefix(*size);
  }
  return std::string(pickle);
}

}  // namespace foldperf::trainer
