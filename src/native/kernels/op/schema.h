// An op as TensorFlow knows it: its name, inputs, outputs and attributes, and how their shapes depend on each
// other.
#pragma once
#include "shape.h"

namespace convoy {

/** Most inputs, outputs and attributes of an op. */
constexpr int mostInputs = 6, mostOutputs = 4, mostAttributes = 5;

/** A schema. It is written as TensorFlow's REGISTER_OP is: Schema("Name").input("x: T").output("y: T").attribute(...).
 */
class Schema {
 public:
  constexpr explicit Schema(const char* op) : name(op) {}

  /** An input, `name: type`. */
  constexpr Schema input(const char* spec) const {
    Schema next = *this;
    next.inputs[next.inputCount++] = spec;
    return next;
  }

  /** An output, `name: type`. */
  constexpr Schema output(const char* spec) const {
    Schema next = *this;
    next.outputs[next.outputCount++] = spec;
    return next;
  }

  /** An attribute, `name: type`, in the language of TensorFlow's OpDefBuilder. */
  constexpr Schema attribute(const char* spec) const {
    Schema next = *this;
    next.attributes[next.attributeCount++] = spec;
    return next;
  }

  /** T, the type of x, may be float32 or bfloat16. */
  constexpr Schema typed() const { return attribute("T: {float, bfloat16} = DT_FLOAT"); }

  /**
   * The op writes into memory of one of its inputs: it is stateful, so that TensorFlow neither merges two nodes of it
   * that look alike nor computes one ahead of time.
   */
  constexpr Schema writesInput() const {
    Schema next = *this;
    next.stateful = true;
    return next;
  }

  /** Whether graphs are compiled to use the op with this instruction set: it is quicker than what TensorFlow has. */
  constexpr Schema worthwhile(bool worth) const {
    Schema next = *this;
    next.isWorthwhile = worth;
    return next;
  }

  /** The function that checks shapes of inputs and gives those of outputs, as far as they are known before the op runs.
   */
  constexpr Schema shapes(void (*infer)(Shapes&)) const {
    Schema next = *this;
    next.inferShapes = infer;
    return next;
  }

  const char* name;
  const char* inputs[mostInputs] = {};
  const char* outputs[mostOutputs] = {};
  const char* attributes[mostAttributes] = {};
  int inputCount = 0, outputCount = 0, attributeCount = 0;
  bool stateful = false, isWorthwhile = true;
  void (*inferShapes)(Shapes&) = nullptr;
};

}  // namespace convoy
