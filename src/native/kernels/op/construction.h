// An op's attributes, read and checked when TensorFlow makes its kernel.
#pragma once
#include "inline.h"
#include "schema.h"

namespace convoy {

/** Rows and columns, or whatever two sizes of an image are. */
struct Sizes {
  int32_t rows, columns;
  CONVOY_INLINE int64_t product() const { return static_cast<int64_t>(rows) * columns; }
};

/** Most elements of a window: a byte says which of them is the greatest, and its last value that none is. */
constexpr int mostWindowElements = 255;
/** Largest size that an attribute may name. */
constexpr int32_t largestSize = 1 << 24;

/** The attributes of one node. The first failure is told to TensorFlow, which then does not run the graph. */
class Construction {
 public:
  Construction(TF_OpKernelConstruction* context, const Schema& schema);
  ~Construction();
  Construction(const Construction&) = delete;
  Construction& operator=(const Construction&) = delete;

  /** Rows and columns, each at least `least`. */
  Sizes sizes(const char* attribute, int32_t least);
  /** A window of a pooling: at most 255 elements. */
  Sizes window();
  /** A finite number, not negative. */
  float number(const char* attribute);
  bool flag(const char* attribute);

 private:
  bool failed() const { return TF_GetCode(status_) != TF_OK; }
  void fail(const char* attribute, const char* expected, const char* received);

  TF_OpKernelConstruction* context_;
  const Schema& schema_;
  TF_Status* status_;
};

}  // namespace convoy
