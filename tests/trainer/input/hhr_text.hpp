// Small hhr files written by tests.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace foldperf::testing {

// A hit as its two aligned rows; all columns without gaps count as aligned.
struct HitText {
  std::string name = "1abc_A a protein";
  std::string query = "ACDEFGHIKLMN";
  std::string hit = "ACDEFGHIKLMN";
  int query_start = 1;
  int hit_start = 1;
  std::string sum_probs = "10.0";
};

inline std::string to_hhr(const std::vector<HitText>& hits, int query_length, std::size_t width = 80) {
  const auto residues = [](const std::string& row) {
    return static_cast<int>(row.size() - static_cast<std::size_t>(std::count(row.begin(), row.end(), '-')));
  };
  const auto row = [](char kind, const std::string& name, int first, const std::string& letters, int last, int length) {
    char line[512];
    std::snprintf(line, sizeof(line), "%c %-14.14s %4d %s %4d (%d)\n", kind, name.c_str(), first, letters.c_str(), last,
                  length);
    return std::string(line);
  };
  std::string text = "Query         query\nMatch_columns " + std::to_string(query_length) +
                     "\nCommand       hhsearch -i query.a3m\n\n No Hit                             Prob E-value\n";
  for (std::size_t i = 0; i < hits.size(); ++i) text += "  " + std::to_string(i + 1) + " " + hits[i].name + "\n";
  text += "\n";
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const HitText& hit = hits[i];
    int aligned = 0;
    for (std::size_t c = 0; c < hit.query.size(); ++c) aligned += hit.query[c] != '-' && hit.hit[c] != '-' ? 1 : 0;
    text += "No " + std::to_string(i + 1) + "  \n>" + hit.name +
            "\nProbab=7.51  E-value=3.8e+02  Score=16.19  Aligned_cols=" + std::to_string(aligned) +
            "  Identities=23%  Similarity=0.398  Sum_probs=" + hit.sum_probs + "  Template_Neff=4.500\n\n";
    int query = hit.query_start, target = hit.hit_start;
    for (std::size_t start = 0; start < hit.query.size(); start += width) {
      const std::string q = hit.query.substr(start, width), t = hit.hit.substr(start, width);
      const int last_query = query + residues(q) - 1, last_target = target + residues(t) - 1;
      text += "Q ss_pred                   " + std::string(q.size(), 'C') + "\n";
      text += row('Q', "query", query, q, last_query, query_length) +
              row('Q', "Consensus", query, q, last_query, query_length) + "                      " +
              std::string(q.size(), '|') + "\n" + row('T', "Consensus", target, t, last_target, 200) +
              row('T', hit.name.substr(0, 6), target, t, last_target, 200);
      text += "T ss_dssp                   " + std::string(q.size(), 'H') + "\nConfidence            " +
              std::string(q.size(), '4') + "\n\n";
      query = last_query + 1;
      target = last_target + 1;
    }
    text += "\n";
  }
  return text;
}

}  // namespace foldperf::testing
