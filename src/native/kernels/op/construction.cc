#include "construction.h"

#include <cmath>
#include <cstdio>

namespace convoy {

Construction::Construction(TF_OpKernelConstruction* context, const Schema& schema)
    : context_(context), schema_(schema), status_(TF_NewStatus()) {}

Construction::~Construction() {
  if (failed()) TF_OpKernelConstruction_Failure(context_, status_);
  TF_DeleteStatus(status_);
}

void Construction::fail(const char* attribute, const char* expected, const char* received) {
  char text[256];
  snprintf(text, sizeof text, "%s: Expected %s for %s but received %s", schema_.name, expected, attribute, received);
  TF_SetStatus(status_, TF_INVALID_ARGUMENT, text);
}

Sizes Construction::sizes(const char* attribute, int32_t least) {
  int32_t count = 0, total = 0, values[2] = {least, least};
  if (!failed()) TF_OpKernelConstruction_GetAttrSize(context_, attribute, &count, &total, status_);
  if (failed()) return {least, least};
  char text[64];
  if (count != 2) {
    snprintf(text, sizeof text, "%d", count);
    fail(attribute, "2 numbers (rows, columns)", text);
    return {least, least};
  }
  TF_OpKernelConstruction_GetAttrInt32List(context_, attribute, values, 2, status_);
  if (failed()) return {least, least};
  for (const int32_t value : values) {
    if (value >= least && value <= largestSize) continue;
    char expected[64];
    snprintf(expected, sizeof expected, "2 numbers from %d to %d", least, largestSize);
    snprintf(text, sizeof text, "[%d, %d]", values[0], values[1]);
    fail(attribute, expected, text);
    return {least, least};
  }
  return {values[0], values[1]};
}

Sizes Construction::window() {
  const Sizes window = sizes("window", 1);
  if (failed() || window.product() <= mostWindowElements) return window;
  char expected[64], text[64];
  snprintf(expected, sizeof expected, "a window of at most %d elements", mostWindowElements);
  snprintf(text, sizeof text, "[%d, %d]", window.rows, window.columns);
  fail("window", expected, text);
  return {1, 1};
}

float Construction::number(const char* attribute) {
  float value = 0;
  if (!failed()) TF_OpKernelConstruction_GetAttrFloat(context_, attribute, &value, status_);
  if (failed() || (std::isfinite(value) && value >= 0)) return value;
  char text[32];
  snprintf(text, sizeof text, "%g", static_cast<double>(value));
  fail(attribute, "a number that is not negative", text);
  return 0;
}

bool Construction::flag(const char* attribute) {
  TF_Bool value = 0;
  if (!failed()) TF_OpKernelConstruction_GetAttrBool(context_, attribute, &value, status_);
  return value != 0;
}

}  // namespace convoy
