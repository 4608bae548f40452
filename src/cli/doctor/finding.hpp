// What `tollgate doctor` finds: a verdict on each thing it looked at, and what to do about a fault.
#pragma once

#include <string>
#include <vector>

namespace tollgate::cli::doctor {

enum class Verdict : unsigned char {
  ok,
  skipped,  // could not be tried because of an earlier fault, or there was nothing to try
  warn,     // works, and will hurt
  fail,     // does not work
};

struct Finding {
  std::string check;  // a word or two: name, tls, credential
  Verdict verdict = Verdict::ok;
  std::string text;   // what was seen, one line
  std::string fix;    // what to do, in words for people; "" where nothing is to be done
};

// All that was found about one thing.
struct Report {
  std::string subject;  // deployment gpt-4o-ptu
  std::string address;  // https://contoso.openai.azure.com; "" where there is none
  std::vector<Finding> findings;
};

}  // namespace tollgate::cli::doctor
