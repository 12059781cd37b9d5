// Parameters of a request. Pistache 0.0.5 takes a query apart at & and = but decodes nothing of it.
#pragma once

#include <pistache/http.h>

#include <optional>
#include <string>
#include <string_view>

// Decodes %XX; a % without two hexadecimal digits after it stands for itself.
std::string percent_decoded(std::string_view text);

// Decodes %XX, and + as a space: application/x-www-form-urlencoded.
std::string form_decoded(std::string_view text);

// Returns the number that 1 to 9 ASCII digits are, if it is within the range.
std::optional<int> whole_number(std::string_view text, int least, int most);

// Returns a parameter, decoded; nothing when it is not there.
std::optional<std::string> parameter(const Pistache::Http::Uri::Query& query, const std::string& name);
