// How a program tells foldperf what it is doing, through NVTX alone: the names below and nothing else.
// Any program in any language may follow it; docs/facts.md is its description for users.
//
// Domain "foldperf". Time spans are push/pop or start/end ranges whose category says what they span:
//
//   category          text                                         int64 payload
//   step              "step"                                       step number, from 0
//   recycling_pass    "recycling_pass"                             pass, from 0
//   phase             one of phase_names below                     none
//   module            the module's path, "evoformer.blocks.0.core.msa_transition": its forward
//   module_backward   the same path: its backward
//   op                "aten::addmm": one operator on the host      none
//
// Ranges of one thread nest. A fact is a mark of category "fact" whose text is one JSON object with a key "kind"
// (core/facts/facts.hpp). A program that knows no domains (torch.cuda.nvtx) may make the mark in the default domain,
// its text led by default_domain_prefix.
//
// The numbers below are those of our own programs. Another program may number the categories as it likes, if it names
// them: readers of the run database translate.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace foldperf::facts {

inline constexpr const char* domain_name = "foldperf";
inline constexpr std::string_view default_domain_prefix = "foldperf:";

// NVTX category ids in the domain; the names are registered with nvtxDomainNameCategoryA.
enum class Category : std::uint32_t {
  none = 0,
  step = 1,
  recycling_pass = 2,
  phase = 3,
  module = 4,
  module_backward = 5,
  op = 6,
  fact = 7,
};

struct CategoryName {
  Category category;
  const char* name;
};
inline constexpr std::array<CategoryName, 7> category_names{{
    {Category::step, "step"},
    {Category::recycling_pass, "recycling_pass"},
    {Category::phase, "phase"},
    {Category::module, "module"},
    {Category::module_backward, "module_backward"},
    {Category::op, "op"},
    {Category::fact, "fact"},
}};

namespace phase {
inline constexpr std::string_view data_wait = "data_wait";    // the training thread waits for its next batch
inline constexpr std::string_view forward = "forward";        // all recycling passes
inline constexpr std::string_view loss = "loss";              // loss terms, forward
inline constexpr std::string_view backward = "backward";      // backward of loss and model
inline constexpr std::string_view clip = "clip";              // gradient norm and clipping
inline constexpr std::string_view optimizer = "optimizer";    // parameter update
inline constexpr std::string_view ema = "ema";                // exponential moving average of the weights
inline constexpr std::string_view evaluation = "evaluation";  // forward passes and metrics on validation chains
inline constexpr std::string_view checkpoint = "checkpoint";  // writing weights or state
}  // namespace phase

}  // namespace foldperf::facts
