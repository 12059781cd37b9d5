#include "query.h"

#include <charconv>

namespace {

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text, bool plus_is_space) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
    const int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;
    if (low >= 0) {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      plain += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

}  // namespace

std::string percent_decoded(std::string_view text) { return decoded(text, false); }

std::string form_decoded(std::string_view text) { return decoded(text, true); }

std::optional<int> whole_number(std::string_view text, int least, int most) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != text.npos) return {};
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  if (number < least || number > most) return {};
  return number;
}

std::optional<std::string> parameter(const Pistache::Http::Uri::Query& query, const std::string& name) {
  if (auto value = query.get(name)) return form_decoded(*value);
  // A name may be written with %XX too; that is rare, so it is looked for last.
  for (auto each = query.parameters_begin(); each != query.parameters_end(); ++each) {
    if (each->first.find_first_of("%+") != std::string::npos && form_decoded(each->first) == name) {
      return form_decoded(each->second);
    }
  }
  return {};
}
