#include "trainer/checkpoint/pickle_reader.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// More dimensions than any tensor has.
constexpr std::size_t most_dimensions = 16;

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  Pickle read() {
    while (!is_done_) step();
    return std::move(pickle_);
  }

 private:
  using Value = PickleValue*;

  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(path_, "its pickle is damaged at byte " + std::to_string(operation_) + ": " + message);
  }

  // ---- bytes

  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size() - at_) fail("it ends too early");
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }
  std::uint64_t number(std::size_t size) {  // little-endian
    std::uint64_t value = 0;
    const std::string_view digits = take(size);
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(digits[i]);
    return value;
  }
  std::string line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == bytes_.npos) fail("a name without an end");
    std::string text(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    return text;
  }

  // ---- stack

  void push(Value value) { stack_.push_back(value); }
  template <typename T>
  void push_new(T&& content) {
    push(pickle_.add(std::forward<T>(content)));
  }
  Value pop() {
    if (stack_.size() <= floor()) fail("its stack is empty");
    Value value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Value top() {
    if (stack_.size() <= floor()) fail("its stack is empty");
    return stack_.back();
  }
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::vector<const PickleValue*> pop_to_mark() {
    if (marks_.empty()) fail("a mark is missing");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  void remember(std::uint64_t index) { memo_[index] = top(); }
  void recall(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("it refers to a value that it has not had");
    push(found->second);
  }

  // ---- values

  void push_tuple(std::size_t size) {
    PickleSequence tuple;
    tuple.items.resize(size);
    for (std::size_t i = size; i-- > 0;) tuple.items[i] = pop();
    push_new(std::move(tuple));
  }

  void push_long(std::uint64_t size) {
    const std::string_view digits = take(size);
    if (size > 8) return push_new(PickleObject{"int"});  // nothing that we read is so large
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(digits[i]);
    if (size > 0 && size < 8 && (digits.back() & 0x80) != 0) value |= ~std::uint64_t{0} << (8 * size);
    push_new(static_cast<std::int64_t>(value));
  }

  // Items that lists and sets, known or not, are filled with.
  void append(const std::vector<const PickleValue*>& items) {
    if (auto* sequence = std::get_if<PickleSequence>(&top()->content)) {
      sequence->items.insert(sequence->items.end(), items.begin(), items.end());
    } else if (top()->as<PickleObject>() == nullptr) {
      fail("it appends to " + top()->kind());
    }
  }

  void set_items(const std::vector<const PickleValue*>& items) {
    if (items.size() % 2 != 0) fail("a key without a value");
    Value target = top();
    if (const auto* object = target->as<PickleObject>()) {
      target->content = PickleDictionary{object->type, {}};  // filled as a dict: it is one
    }
    auto* dictionary = std::get_if<PickleDictionary>(&target->content);
    if (dictionary == nullptr) fail("it sets items of " + target->kind());
    for (std::size_t i = 0; i < items.size(); i += 2) dictionary->entries.emplace_back(items[i], items[i + 1]);
  }

  void push_global(const std::string& module, const std::string& name) { push_new(PickleGlobal{module + "." + name}); }

  static std::string_view name_of(const PickleValue& callable) {
    const auto* global = callable.as<PickleGlobal>();
    return global != nullptr ? std::string_view(global->name) : "unknown";
  }

  // A call: of `callable` with the tuple `arguments`.
  void call(const PickleValue& callable, const PickleValue& arguments) {
    static const std::vector<const PickleValue*> none;
    const auto* sequence = arguments.as<PickleSequence>();
    const std::vector<const PickleValue*>& given = sequence != nullptr ? sequence->items : none;
    const std::string_view name = name_of(callable);
    if (name == "collections.OrderedDict" && given.empty()) return push_new(PickleDictionary{name, {}});
    if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor") {
      if (auto tensor = make_tensor(given)) return push_new(std::move(*tensor));
      return push_new(PickleObject{"torch.Tensor"});
    }
    if ((name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state") &&
        !given.empty() && given.front()->as<PickleTensor>() != nullptr) {
      return push_new(*given.front()->as<PickleTensor>());
    }
    push_new(PickleObject{name});
  }

  static std::optional<std::vector<std::int64_t>> whole_numbers(const PickleValue& value) {
    const auto* sequence = value.as<PickleSequence>();
    if (sequence == nullptr || sequence->items.size() > most_dimensions) return std::nullopt;
    std::vector<std::int64_t> numbers;
    for (const PickleValue* item : sequence->items) {
      const auto* whole = item->as<std::int64_t>();
      if (whole == nullptr || *whole < 0) return std::nullopt;
      numbers.push_back(*whole);
    }
    return numbers;
  }

  // (storage, offset, sizes, strides, ...)
  static std::optional<PickleTensor> make_tensor(const std::vector<const PickleValue*>& given) {
    if (given.size() < 4) return std::nullopt;
    const auto* storage = given[0]->as<PickleStorage>();
    const auto* offset = given[1]->as<std::int64_t>();
    auto sizes = whole_numbers(*given[2]);
    auto strides = whole_numbers(*given[3]);
    if (storage == nullptr || offset == nullptr || *offset < 0 || !sizes || !strides) return std::nullopt;
    if (sizes->size() != strides->size()) return std::nullopt;
    if (!lies_within(storage->elements, *offset, *sizes, *strides)) return std::nullopt;
    return PickleTensor{*storage, *offset, std::move(*sizes), std::move(*strides)};
  }

  // A tensor has no more elements than its storage: one that repeats them is nobody's weight, and could be of any size.
  static bool lies_within(std::int64_t elements, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                          const std::vector<std::int64_t>& strides) {
    std::int64_t count = 1;
    for (const std::int64_t size : sizes) {
      if (size == 0) return offset <= elements;
    }
    std::int64_t last = offset;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      std::int64_t reach = 0;
      if (__builtin_mul_overflow(count, sizes[i], &count) || __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        return false;
      }
    }
    return count <= elements && last < elements;
  }

  // ('storage', class, key, place, elements)
  void push_persistent(const PickleValue& id) {
    const auto* parts = id.as<PickleSequence>();
    if (parts == nullptr || parts->items.size() < 5) return push_new(PickleObject{"reference"});
    const auto* word = parts->items[0]->as<std::string>();
    const auto* type = parts->items[1]->as<PickleGlobal>();
    const auto* key = parts->items[2]->as<std::string>();
    const auto* elements = parts->items[4]->as<std::int64_t>();
    if (word == nullptr || *word != "storage" || type == nullptr || key == nullptr || elements == nullptr ||
        *elements < 0) {
      return push_new(PickleObject{"reference"});
    }
    const std::string_view name = type->name;
    push_new(PickleStorage{name.substr(name.rfind('.') + 1), *key, *elements});
  }

  void step() {
    operation_ = at_;
    const char code = take(1).front();
    switch (code) {
      case '\x80':  // PROTO
        if (const std::uint64_t protocol = number(1); protocol < 2 || protocol > 5) {
          fail("protocol " + std::to_string(protocol) + " is none that torch.save uses");
        }
        return;
      case '\x95':  // FRAME: a hint
        take(8);
        return;
      case '.':  // STOP
        pickle_.set_root(pop());
        is_done_ = true;
        return;

      case '(':
        marks_.push_back(stack_.size());
        return;
      case '0':  // POP; also takes a mark away
        if (!marks_.empty() && stack_.size() == marks_.back()) {
          marks_.pop_back();
        } else {
          pop();
        }
        return;
      case '1':  // POP_MARK
        pop_to_mark();
        return;
      case '2':  // DUP
        return push(top());

      case 'q':  // BINPUT
        return remember(number(1));
      case 'r':  // LONG_BINPUT
        return remember(number(4));
      case '\x94':  // MEMOIZE
        return remember(memo_.size());
      case 'h':  // BINGET
        return recall(number(1));
      case 'j':  // LONG_BINGET
        return recall(number(4));

      case 'N':
        return push_new(std::monostate{});
      case '\x88':
        return push_new(true);
      case '\x89':
        return push_new(false);
      case 'K':  // BININT1
        return push_new(static_cast<std::int64_t>(number(1)));
      case 'M':  // BININT2
        return push_new(static_cast<std::int64_t>(number(2)));
      case 'J':  // BININT
        return push_new(static_cast<std::int64_t>(static_cast<std::int32_t>(number(4))));
      case '\x8a':  // LONG1
        return push_long(number(1));
      case '\x8b':  // LONG4
        return push_long(number(4));
      case 'G': {  // BINFLOAT, big-endian
        std::uint64_t bits = 0;
        for (const char byte : take(8)) bits = bits << 8 | static_cast<std::uint8_t>(byte);
        return push_new(std::bit_cast<double>(bits));
      }

      case 'U':     // SHORT_BINSTRING
      case 'C':     // SHORT_BINBYTES
      case '\x8c':  // SHORT_BINUNICODE
        return push_new(std::string(take(number(1))));
      case 'T':  // BINSTRING
      case 'B':  // BINBYTES
      case 'X':  // BINUNICODE
        return push_new(std::string(take(number(4))));
      case '\x8d':  // BINUNICODE8
      case '\x8e':  // BINBYTES8
      case '\x96':  // BYTEARRAY8
        return push_new(std::string(take(number(8))));

      case ')':     // EMPTY_TUPLE
      case ']':     // EMPTY_LIST
      case '\x8f':  // EMPTY_SET
        return push_new(PickleSequence{});
      case 't':     // TUPLE
      case 'l':     // LIST
      case '\x91':  // FROZENSET
      {
        PickleSequence sequence{pop_to_mark()};
        return push_new(std::move(sequence));
      }
      case '\x85':
        return push_tuple(1);
      case '\x86':
        return push_tuple(2);
      case '\x87':
        return push_tuple(3);
      case 'a': {  // APPEND
        const PickleValue* item = pop();
        return append({item});
      }
      case 'e':     // APPENDS
      case '\x90':  // ADDITEMS
        return append(pop_to_mark());

      case '}':  // EMPTY_DICT
        return push_new(PickleDictionary{});
      case 'd': {  // DICT
        const auto items = pop_to_mark();
        push_new(PickleDictionary{});
        return set_items(items);
      }
      case 's': {  // SETITEM
        const PickleValue* value = pop();
        const PickleValue* key = pop();
        return set_items({key, value});
      }
      case 'u':  // SETITEMS
        return set_items(pop_to_mark());

      case 'c': {  // GLOBAL
        const std::string module = line();
        const std::string name = line();
        return push_global(module, name);
      }
      case '\x93': {  // STACK_GLOBAL
        const PickleValue* name = pop();
        const PickleValue* module = pop();
        if (name->as<std::string>() == nullptr || module->as<std::string>() == nullptr) fail("a name that is no text");
        return push_global(*module->as<std::string>(), *name->as<std::string>());
      }
      case 'Q': {  // BINPERSID
        const PickleValue* id = pop();
        return push_persistent(*id);
      }
      case 'R': {  // REDUCE
        const PickleValue* arguments = pop();
        const PickleValue* callable = pop();
        return call(*callable, *arguments);
      }
      case '\x92':  // NEWOBJ_EX
        pop();
        [[fallthrough]];
      case '\x81': {  // NEWOBJ
        pop();
        const PickleValue* type = pop();
        return push_new(PickleObject{name_of(*type)});
      }
      case 'b':  // BUILD: the state of an object, of no use to us
        pop();
        top();
        return;
      default:
        fail("operation " + std::to_string(static_cast<std::uint8_t>(code)) + " is none that torch.save writes");
    }
  }

  std::string_view bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
  std::size_t operation_ = 0;  // where the operation that is under way begins
  bool is_done_ = false;
  Pickle pickle_;
  std::vector<Value> stack_;
  std::vector<std::size_t> marks_;  // places in the stack
  std::unordered_map<std::uint64_t, Value> memo_;
};

}  // namespace

Pickle read_pickle(std::string_view bytes, const std::string& path) { return Reader(bytes, path).read(); }

}  // namespace foldperf::trainer
