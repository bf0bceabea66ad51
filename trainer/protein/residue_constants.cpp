#include "trainer/protein/residue_constants.hpp"

#include <torch/torch.h>

#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer::residue_tables {

namespace {

constexpr std::int64_t types = residue_type_count + 1;

at::Tensor floats(at::IntArrayRef shape) { return torch::zeros(shape, torch::kFloat32); }
at::Tensor integers(at::IntArrayRef shape) { return torch::zeros(shape, torch::kInt64); }

// Calls visit(aatype, atom14 slot, atom37 slot) for every heavy atom of every residue type.
template <typename Visit>
void for_each_atom(Visit&& visit) {
  for (int type = 0; type < residue_type_count; ++type) {
    const auto names = atom14_names(type);
    for (std::size_t slot = 0; slot < names.size(); ++slot) {
      visit(type, static_cast<int>(slot), atom37_index(names[slot]).value());
    }
  }
}

// Calls visit(aatype, chi, its four atom names) for every chi angle.
template <typename Visit>
void for_each_chi(Visit&& visit) {
  for (int type = 0; type < residue_type_count; ++type) {
    for (int chi = 0; chi < chi_count; ++chi) {
      if (const auto atoms = chi_atoms(type, chi); !atoms.empty()) visit(type, chi, atoms);
    }
  }
}

// Tables are built in the first call and never freed: tensors must not be destroyed after LibTorch.
template <typename Build>
const at::Tensor& keep(Build&& build) {
  return *new at::Tensor(build());
}

// Of the tables, for other devices and types. Keyed by the table's storage: tables live as long as the program.
struct Copies {
  using Key = std::tuple<const void*, at::ScalarType, std::string>;
  std::mutex mutex;
  std::map<Key, at::Tensor> tensors;
};
Copies& copies() {
  static Copies& the_copies = *new Copies;
  return the_copies;
}

}  // namespace

const at::Tensor& atom14_to_atom37() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = integers({types, atom14_count});
    auto a = t.accessor<std::int64_t, 2>();
    for_each_atom([&](int type, int slot14, int slot37) { a[type][slot14] = slot37; });
    return t;
  });
  return table;
}

const at::Tensor& atom37_to_atom14() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = integers({types, atom37_count});
    auto a = t.accessor<std::int64_t, 2>();
    for_each_atom([&](int type, int slot14, int slot37) { a[type][slot37] = slot14; });
    return t;
  });
  return table;
}

const at::Tensor& atom14_mask() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = floats({types, atom14_count});
    auto a = t.accessor<float, 2>();
    for_each_atom([&](int type, int slot14, int) { a[type][slot14] = 1; });
    return t;
  });
  return table;
}

const at::Tensor& atom37_mask() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = floats({types, atom37_count});
    auto a = t.accessor<float, 2>();
    for_each_atom([&](int type, int, int slot37) { a[type][slot37] = 1; });
    return t;
  });
  return table;
}

const at::Tensor& chi_mask() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = floats({types, chi_count});
    auto a = t.accessor<float, 2>();
    for_each_chi([&](int type, int chi, auto) { a[type][chi] = 1; });
    return t;
  });
  return table;
}

const at::Tensor& chi_pi_periodic() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = floats({types, chi_count});
    auto a = t.accessor<float, 2>();
    for_each_chi([&](int type, int chi, auto) { a[type][chi] = chi_is_pi_periodic(type, chi) ? 1.0F : 0.0F; });
    return t;
  });
  return table;
}

const at::Tensor& chi_atom37() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = integers({types, chi_count, 4});
    auto a = t.accessor<std::int64_t, 3>();
    for_each_chi([&](int type, int chi, auto atoms) {
      for (int i = 0; i < 4; ++i) a[type][chi][i] = atom37_index(atoms[static_cast<std::size_t>(i)]).value();
    });
    return t;
  });
  return table;
}

const at::Tensor& rigid_group_base_atom37() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = integers({types, rigid_group_count, 3});
    auto a = t.accessor<std::int64_t, 3>();
    const auto set = [&](int type, int group, std::array<int, 3> atoms) {
      for (int i = 0; i < 3; ++i) a[type][group][i] = atoms[static_cast<std::size_t>(i)];
    };
    for (int type = 0; type < types; ++type) {
      set(type, 0, {atom37::c, atom37::ca, atom37::n});
      set(type, 3, {atom37::ca, atom37::c, atom37::o});
    }
    for_each_chi([&](int type, int chi, auto atoms) {
      set(type, 4 + chi, {*atom37_index(atoms[1]), *atom37_index(atoms[2]), *atom37_index(atoms[3])});
    });
    return t;
  });
  return table;
}

const at::Tensor& rigid_group_mask() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = floats({types, rigid_group_count});
    t.select(1, 0).fill_(1);
    t.select(1, 3).fill_(1);
    t.narrow(1, 4, chi_count).copy_(chi_mask());
    return t;
  });
  return table;
}

const at::Tensor& rigid_group_is_ambiguous() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = floats({types, rigid_group_count});
    t.narrow(1, 4, chi_count).copy_(chi_pi_periodic());
    return t;
  });
  return table;
}

const at::Tensor& atom14_swap() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = torch::arange(atom14_count, torch::kInt64).repeat({types, 1});
    auto a = t.accessor<std::int64_t, 2>();
    for (int type = 0; type < residue_type_count; ++type) {
      for (const auto& [first, second] : ambiguous_atoms(type)) {
        const int i = atom14_index(type, first).value();
        const int j = atom14_index(type, second).value();
        a[type][i] = j;
        a[type][j] = i;
      }
    }
    return t;
  });
  return table;
}

const at::Tensor& atom14_is_ambiguous() {
  static const at::Tensor& table =
      keep([] { return (atom14_swap() != torch::arange(atom14_count, torch::kInt64)).to(torch::kFloat32); });
  return table;
}

const at::Tensor& atom14_renaming_matrix() {
  static const at::Tensor& table = keep([] { return torch::one_hot(atom14_swap(), atom14_count).to(torch::kFloat32); });
  return table;
}

const at::Tensor& van_der_waals_radius_atom37() {
  static const at::Tensor& table = keep([] {
    at::Tensor t = floats({atom37_count});
    for (int i = 0; i < atom37_count; ++i) {
      t[i] = van_der_waals_radius(atom37_names[static_cast<std::size_t>(i)]);
    }
    return t;
  });
  return table;
}

const at::Tensor& hhblits_to_residue() {
  static const at::Tensor& table = keep([] {
    const auto& map = trainer::hhblits_to_residue();
    return torch::tensor(std::vector<std::int64_t>(map.begin(), map.end()), torch::kInt64);
  });
  return table;
}

at::Tensor as(const at::Tensor& table, const at::Tensor& like) {
  const auto dtype = at::isFloatingType(table.scalar_type()) ? like.scalar_type() : table.scalar_type();
  if (table.scalar_type() == dtype && table.device() == like.device()) return table;
  const std::scoped_lock lock(copies().mutex);
  at::Tensor& copy = copies().tensors[{table.unsafeGetTensorImpl(), dtype, like.device().str()}];
  if (!copy.defined()) copy = table.to(like.device(), dtype);
  return copy;
}

void forget_copies(at::DeviceType type) {
  const std::scoped_lock lock(copies().mutex);
  std::erase_if(copies().tensors, [type](const auto& item) { return item.second.device().type() == type; });
}

}  // namespace foldperf::trainer::residue_tables
