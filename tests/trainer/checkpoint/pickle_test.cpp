#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "core/error.hpp"
#include "trainer/checkpoint/openfold_names.hpp"
#include "trainer/checkpoint/pickle_reader.hpp"
#include "trainer/checkpoint/pickle_writer.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

Pickle read(const std::string& body) { return read_pickle("\x80\x02"s + body + ".", "w.pt"); }

std::string refusal(const std::string& bytes) {
  try {
    read_pickle(bytes, "w.pt");
  } catch (const InputError& error) {
    return error.what();
  }
  return "read";
}

template <typename T>
const T& entry(const PickleValue& dictionary, const char* name) {
  const PickleValue* value = dictionary.as<PickleDictionary>()->find(name);
  if (value == nullptr || value->as<T>() == nullptr) throw std::runtime_error(std::string("no such entry: ") + name);
  return *value->as<T>();
}

TEST(Pickle, WhatIsWrittenIsRead) {
  PickleWriter writer;
  writer.whole("small", 7);
  writer.whole("negative", -1);
  writer.whole("middle", 70000);
  writer.whole("large", std::numeric_limits<std::int64_t>::min());
  writer.real("real", -0.1);
  writer.text("text", "lDDT-C\xce\xb1");
  writer.begin_dictionary("inner");
  const std::int64_t sizes[] = {2, 3};
  writer.tensor("matrix", "FloatStorage", 12, sizes);
  writer.tensor("scalar", "LongStorage", 13, {});
  writer.end_dictionary();
  writer.begin_dictionary("empty");
  writer.end_dictionary();
  const Pickle pickle = read_pickle(writer.finish(), "w.pt");
  const PickleValue& root = pickle.root();
  EXPECT_EQ(entry<std::int64_t>(root, "small"), 7);
  EXPECT_EQ(entry<std::int64_t>(root, "negative"), -1);
  EXPECT_EQ(entry<std::int64_t>(root, "middle"), 70000);
  EXPECT_EQ(entry<std::int64_t>(root, "large"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(entry<double>(root, "real"), -0.1);
  EXPECT_EQ(entry<std::string>(root, "text"), "lDDT-C\xce\xb1");
  const PickleValue& inner = *root.as<PickleDictionary>()->find("inner");
  const auto& matrix = entry<PickleTensor>(inner, "matrix");
  EXPECT_EQ(matrix.storage.type, "FloatStorage");
  EXPECT_EQ(matrix.storage.key, "12");
  EXPECT_EQ(matrix.storage.elements, 6);
  EXPECT_THAT(matrix.sizes, ElementsAre(2, 3));
  EXPECT_THAT(matrix.strides, ElementsAre(3, 1));
  EXPECT_TRUE(entry<PickleTensor>(inner, "scalar").sizes.empty());
  EXPECT_TRUE(entry<PickleDictionary>(root, "empty").entries.empty());
}

TEST(Pickle, NothingIsCalled) {
  // os.system("touch x"), as a pickle that would do it.
  const Pickle pickle = read("cposix\nsystem\nX\x07\0\0\0touch x\x85R"s);
  ASSERT_NE(pickle.root().as<PickleObject>(), nullptr);
  EXPECT_EQ(pickle.root().as<PickleObject>()->type, "posix.system");
  EXPECT_EQ(pickle.root().kind(), "an object of type posix.system");
}

TEST(Pickle, ObjectsThatAreFilledAsDictionariesAreOnes) {
  // collections.defaultdict(int) and an object made by __new__, each with the item a: 1.
  for (const char* made : {"ccollections\ndefaultdict\nc__builtin__\nint\n\x85R", "cx\nAttributeDict\n)\x81"}) {
    const Pickle pickle = read(std::string(made) + "(X\x01\0\0\0aK\x01u"s);
    EXPECT_EQ(entry<std::int64_t>(pickle.root(), "a"), 1) << made;
  }
}

TEST(Pickle, StatesOfObjectsAreDropped) {
  const Pickle pickle = read("}X\x01\0\0\0acargparse\nNamespace\n)\x81}X\x01\0\0\0lK\x02sbsX\x01\0\0\0bK\x03s"s);
  EXPECT_EQ(pickle.root().as<PickleDictionary>()->find("a")->kind(), "an object of type argparse.Namespace");
  EXPECT_EQ(entry<std::int64_t>(pickle.root(), "b"), 3);
}

TEST(Pickle, TheLastOfEqualNamesHolds) {
  EXPECT_EQ(entry<std::int64_t>(read("}(X\x01\0\0\0aK\x01X\x01\0\0\0aK\x02u"s).root(), "a"), 2);
}

TEST(Pickle, ValuesMayHoldThemselves) {
  const Pickle pickle = read("]q\0h\0a"s);
  EXPECT_EQ(pickle.root().as<PickleSequence>()->items.front(), &pickle.root());
}

TEST(Pickle, TensorsOutsideTheirStorageAreNone) {
  const auto tensor = [](const std::string& offset, const std::string& size, const std::string& stride) {
    return read(
        "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\6tQ"s +
        offset + size + stride + "\x89NtR");
  };
  EXPECT_NE(tensor("K\0"s, "K\2K\3\x86", "K\3K\1\x86").root().as<PickleTensor>(), nullptr);
  EXPECT_NE(tensor("K\6", "K\0\x85"s, "K\1\x85").root().as<PickleTensor>(), nullptr);       // none of its elements
  EXPECT_EQ(tensor("K\1", "K\2K\3\x86", "K\3K\1\x86").root().as<PickleTensor>(), nullptr);  // one too far
  EXPECT_EQ(tensor("K\0"s, "K\7\x85", "K\1\x85").root().as<PickleTensor>(), nullptr);       // too many
  EXPECT_EQ(tensor("K\0"s, "K\7\x85", "K\0\x85"s).root().as<PickleTensor>(), nullptr);      // repeats one
  EXPECT_EQ(tensor("K\0"s, "K\2\x85", "J\xff\xff\xff\xff\x85").root().as<PickleTensor>(), nullptr);  // backwards
  const std::string huge = "\x8a\x08\0\0\0\0\0\0\0\x40"s;
  EXPECT_EQ(tensor("K\0"s, huge + huge + "\x86", huge + huge + "\x86").root().as<PickleTensor>(), nullptr);
}

TEST(Pickle, DamageIsNamedWithItsPlace) {
  EXPECT_THAT(refusal(""), HasSubstr("w.pt: its pickle is damaged at byte 0: it ends too early"));
  EXPECT_THAT(refusal("\x80\x02}"), HasSubstr("byte 3: it ends too early"));
  EXPECT_THAT(refusal("\x80\x02."), HasSubstr("stack is empty"));
  EXPECT_THAT(refusal("\x80\x02(u."), HasSubstr("stack is empty"));
  EXPECT_THAT(refusal("\x80\x02u."), HasSubstr("a mark is missing"));
  EXPECT_THAT(refusal("\x80\x02}(K\x01u."), HasSubstr("a key without a value"));
  EXPECT_THAT(refusal("\x80\x02K\x01K\x02K\x03s."), HasSubstr("it sets items of a whole number"));
  EXPECT_THAT(refusal("\x80\x02h\x05."), HasSubstr("a value that it has not had"));
  EXPECT_THAT(refusal("\x80\x07N."), HasSubstr("protocol 7"));
  EXPECT_THAT(refusal("\x80\x02I1\n."), HasSubstr("operation 73"));
  EXPECT_THAT(refusal("\x80\x02X\xff\xff\xff\xffz."), HasSubstr("it ends too early"));
}

TEST(OpenFoldNames, WrappersAreTakenAway) {
  EXPECT_EQ(without_wrappers("model.evoformer.linear.weight"), "evoformer.linear.weight");
  EXPECT_EQ(without_wrappers("_forward_module.module.model.a"), "a");
  EXPECT_EQ(without_wrappers("evoformer.model.a"), "evoformer.model.a");
}

// What convert_deprecated_v1_keys gives for these.
TEST(OpenFoldNames, OldNamesAreTranslated) {
  EXPECT_EQ(name_since_v2("evoformer.blocks.0.core.tri_mul_out.linear_z.bias"),
            "evoformer.blocks.0.pair_stack.tri_mul_out.linear_z.bias");
  EXPECT_EQ(name_since_v2("evoformer.blocks.3.core.msa_transition.layer_norm.weight"),
            "evoformer.blocks.3.msa_transition.layer_norm.weight");
  EXPECT_EQ(name_since_v2("extra_msa_stack.blocks.1.core.outer_product_mean.linear_1.weight"),
            "extra_msa_stack.blocks.1.outer_product_mean.linear_1.weight");
  EXPECT_EQ(name_since_v2("evoformer.blocks.0.core.pair_transition.linear_1.weight"),
            "evoformer.blocks.0.pair_stack.pair_transition.linear_1.weight");
  EXPECT_EQ(name_since_v2("template_angle_embedder.linear_1.weight"),
            "template_embedder.template_single_embedder.linear_1.weight");
  EXPECT_EQ(name_since_v2("template_pair_stack.blocks.0.tri_mul_in.linear_g.weight"),
            "template_embedder.template_pair_stack.blocks.0.tri_mul_in.linear_g.weight");
  EXPECT_EQ(name_since_v2("structure_module.ipa.linear_kv_points.weight"),
            "structure_module.ipa.linear_kv_points.linear.weight");
  EXPECT_EQ(name_since_v2("template_embedder.template_pair_embedder.linear.bias"),
            "template_embedder.template_pair_embedder.linear.bias");
}

}  // namespace
}  // namespace foldperf::trainer
