// Structure files of predictions: our own readers find the same atoms in them, and so does Gemmi.
#include "trainer/predict/predicted_structure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <gemmi/cif.hpp>
#include <gemmi/mmcif.hpp>
#include <gemmi/pdb.hpp>
#include <sstream>

#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Every residue type, twice over; coordinates and confidences with more digits than files have.
PredictedStructure every_residue_type() {
  PredictedStructure made;
  made.name = "made_B";
  made.chain = "B";
  made.sequence = std::string(residue_letters.substr(0, 20)) + "WVYA";
  made.title = "a 'made up' prediction";
  made.atom_positions.resize(made.length() * atom37_count * 3);
  made.atom_mask.resize(made.length() * atom37_count);
  for (std::size_t i = 0; i < made.length(); ++i) {
    for (const std::string_view name : atom14_names(residue_from_letter(made.sequence[i]))) {
      const std::size_t place = i * atom37_count + static_cast<std::size_t>(*atom37_index(name));
      made.atom_mask[place] = 1;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        made.atom_positions[3 * place + axis] =
            static_cast<float>(std::sin(static_cast<double>(3 * place + axis)) * 50 + static_cast<double>(i));
      }
    }
    if (made.sequence[i] == 'R') {
      // Readers call that one of arginine's two NH which is nearer to CD NH1.
      const auto slot = [&](const char* name) {
        return made.atom_positions.begin() +
               static_cast<std::ptrdiff_t>(3 * (i * atom37_count + static_cast<std::size_t>(*atom37_index(name))));
      };
      std::copy_n(slot("CD"), 3, slot("NH1"));
      *slot("NH1") += 1;
    }
    made.plddt.push_back(static_cast<float>(99.99 - 3.3333 * static_cast<double>(i)));
  }
  return made;
}

void expect_the_same_atoms(const StructureEntry& entry, const PredictedStructure& made) {
  ASSERT_EQ(entry.chains.size(), 1u);
  const ProteinChain& chain = entry.chains.front();
  EXPECT_EQ(chain.sequence, made.sequence);
  EXPECT_EQ(chain.atom_mask, made.atom_mask);
  for (std::size_t i = 0; i < made.atom_positions.size(); ++i)
    ASSERT_NEAR(chain.atom_positions[i], made.atom_positions[i], 5.1e-4) << i;
}

TEST(PredictedStructure, OurReadersFindTheSameAtoms) {
  const PredictedStructure made = every_residue_type();
  const StructureEntry mmcif = parse_mmcif(mmcif_text(made), "made.cif");
  expect_the_same_atoms(mmcif, made);
  EXPECT_EQ(mmcif.chains.front().chain, "B");
  const StructureEntry pdb = parse_pdb(pdb_text(made), "made.pdb");
  expect_the_same_atoms(pdb, made);
  EXPECT_EQ(pdb.chains.front().chain, "B");
}

// Another reader than ours: names, elements, numbers, B factors.
void expect_gemmi_reads(const gemmi::Structure& structure, const PredictedStructure& made) {
  ASSERT_EQ(structure.models.size(), 1u);
  ASSERT_EQ(structure.models[0].chains.size(), 1u);
  const gemmi::Chain& chain = structure.models[0].chains[0];
  EXPECT_EQ(chain.name, "B");
  ASSERT_EQ(chain.residues.size(), made.length());
  std::size_t atoms = 0;
  for (std::size_t i = 0; i < made.length(); ++i) {
    const gemmi::Residue& residue = chain.residues[i];
    EXPECT_EQ(residue.name, residue_names[static_cast<std::size_t>(residue_from_letter(made.sequence[i]))]);
    EXPECT_EQ(*residue.seqid.num, static_cast<int>(i + 1));
    EXPECT_EQ(residue.het_flag, 'A');
    for (const gemmi::Atom& atom : residue.atoms) {
      ++atoms;
      const std::size_t place = i * atom37_count + static_cast<std::size_t>(*atom37_index(atom.name));
      EXPECT_EQ(made.atom_mask[place], 1);
      EXPECT_EQ(atom.element.uname()[0], atom.name[0]);
      EXPECT_NEAR(atom.pos.x, made.atom_positions[3 * place], 5.1e-4);
      EXPECT_NEAR(atom.pos.z, made.atom_positions[3 * place + 2], 5.1e-4);
      EXPECT_NEAR(atom.b_iso, made.plddt[i], 5.1e-3);
      EXPECT_EQ(atom.occ, 1);
    }
  }
  EXPECT_EQ(atoms, made.atoms());
}

TEST(PredictedStructure, GemmiReadsBoth) {
  const PredictedStructure made = every_residue_type();
  gemmi::cif::Document document = gemmi::cif::read_string(mmcif_text(made));
  const gemmi::Structure mmcif = gemmi::make_structure_from_block(document.sole_block());
  expect_gemmi_reads(mmcif, made);
  ASSERT_EQ(mmcif.entities.size(), 1u);
  EXPECT_EQ(mmcif.entities[0].full_sequence.size(), made.length());
  expect_gemmi_reads(gemmi::read_pdb_string(pdb_text(made), "made.pdb"), made);
}

TEST(PredictedStructure, ConfidenceIsInModelCifsCategories) {
  const PredictedStructure made = every_residue_type();
  gemmi::cif::Document document = gemmi::cif::read_string(mmcif_text(made));
  gemmi::cif::Block& block = document.sole_block();
  gemmi::cif::Table local = block.find("_ma_qa_metric_local.", {"label_asym_id", "label_seq_id", "label_comp_id",
                                                                "metric_id", "metric_value", "model_id"});
  ASSERT_EQ(local.length(), made.length());
  EXPECT_EQ(local[0].str(0), "A");
  EXPECT_EQ(local[4].str(1), "5");
  EXPECT_EQ(local[4].str(2), "CYS");
  EXPECT_EQ(local[4].str(4), "86.66");
  // The metric that the values are of is a local pLDDT, of a model and software that the file describes.
  gemmi::cif::Table metrics = block.find("_ma_qa_metric.", {"id", "mode", "type", "software_group_id"});
  ASSERT_EQ(metrics.length(), 2u);
  EXPECT_EQ(metrics.find_row(local[0].str(3)).str(1), "local");
  EXPECT_EQ(metrics.find_row(local[0].str(3)).str(2), "pLDDT");
  EXPECT_TRUE(block.find("_ma_model_list.", {"model_id"}).find_row(local[0].str(5)).size() > 0);
  ASSERT_NE(block.find_value("_ma_qa_metric_global.metric_value"), nullptr);
  double sum = 0;
  for (const float value : made.plddt) sum += value;
  EXPECT_NEAR(std::stod(*block.find_value("_ma_qa_metric_global.metric_value")),
              sum / static_cast<double>(made.length()), 5.1e-3);
  EXPECT_EQ(gemmi::cif::as_string(*block.find_value("_struct.title")), made.title);
}

TEST(PredictedStructure, UnknownResiduesAreInTheSequenceAlone) {
  PredictedStructure made = every_residue_type();
  made.sequence[3] = 'X';
  for (std::size_t atom = 0; atom < atom37_count; ++atom) {
    made.atom_mask[3 * atom37_count + atom] = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) made.atom_positions[(3 * atom37_count + atom) * 3 + axis] = 0;
  }
  expect_the_same_atoms(parse_mmcif(mmcif_text(made), "made.cif"), made);
  expect_the_same_atoms(parse_pdb(pdb_text(made), "made.pdb"), made);
}

TEST(PredictedStructure, AChainOfALongNameIsAInThePdbFile) {
  PredictedStructure made = every_residue_type();
  made.chain = "AAA";
  EXPECT_EQ(pdb_chain(made), "A");
  EXPECT_EQ(parse_pdb(pdb_text(made), "made.pdb").chains.front().chain, "A");
  EXPECT_EQ(parse_mmcif(mmcif_text(made), "made.cif").chains.front().chain, "AAA");
}

TEST(PredictedStructure, WhatNoPdbFileCanHoldIsSaid) {
  PredictedStructure made = every_residue_type();
  EXPECT_EQ(beyond_pdb(made), "");
  const PredictedStructure unit = made;
  const auto repeat = [](auto& values, const auto& of, std::size_t times) {
    values.clear();
    for (std::size_t i = 0; i < times; ++i) values.insert(values.end(), of.begin(), of.end());
  };
  made.sequence.clear();
  const std::size_t times = 10'000 / unit.length() + 1;
  for (std::size_t i = 0; i < times; ++i) made.sequence += unit.sequence;
  repeat(made.atom_positions, unit.atom_positions, times);
  repeat(made.atom_mask, unit.atom_mask, times);
  repeat(made.plddt, unit.plddt, times);
  EXPECT_THAT(beyond_pdb(made), HasSubstr("residues; a PDB file can number 9999"));
  EXPECT_THAT(testing::message_of<Error>([&] { pdb_text(made); }), HasSubstr("made_B has 1"));
  PredictedStructure far_away = unit;
  float& coordinate = far_away.atom_positions[4];  // y of the first CA atom
  coordinate = -999.9991F;
  EXPECT_EQ(beyond_pdb(far_away), "");
  expect_the_same_atoms(parse_pdb(pdb_text(far_away), "made.pdb"), far_away);
  coordinate = -1000.25F;
  EXPECT_THAT(beyond_pdb(far_away), HasSubstr("a coordinate of -1000.25 Angstrom"));
  expect_the_same_atoms(parse_mmcif(mmcif_text(far_away), "made.cif"), far_away);
  // mmCIF has no such limit.
  const StructureEntry read = parse_mmcif(mmcif_text(made), "made.cif");
  EXPECT_EQ(read.chains.front().length(), made.length());
  EXPECT_EQ(read.chains.front().atom_mask, made.atom_mask);
}

}  // namespace
}  // namespace foldperf::trainer
