// Random calls of every op.
#pragma once
#include "fake-tensorflow.h"

/** xorshift64*: the same numbers everywhere. */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x1234567u) {}
  uint64_t next();
  /** A whole number from `least` to `most`. */
  int between(int least, int most) {
    return least + static_cast<int>(next() % static_cast<uint64_t>(most - least + 1));
  }
  bool oneIn(int times) { return between(1, times) == 1; }

 private:
  uint64_t state_;
};

/** A node and what is fed to it. */
struct OpCall {
  std::string op;
  NodeAttributes attributes;
  std::vector<TF_Tensor> inputs;
};

/** A call of an op that fits; with `scale` times as many images, samples or rows. */
OpCall validCall(const std::string& op, Random&, int scale = 1);

/** Changes ranks, sizes or attributes of a call, most often to what does not fit. */
void disturb(OpCall&, Random&);

/** Fills a tensor with numbers between -1 and 1, some of them 0; bytes as an argmax within `window`, or as a mask. */
void fill(TF_Tensor&, Random&, int window);
