// Names of arguments, for messages.
#pragma once
#include <cstdio>
#include <cstring>

namespace convoy {

/** The name of an argument: what is before the colon of its spec. */
inline void argumentName(const char* spec, char* name, size_t room) {
  snprintf(name, room, "%.*s", static_cast<int>(strcspn(spec, ":")), spec);
}

}  // namespace convoy
