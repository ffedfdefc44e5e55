// The command line: verbs, options, exit status.
#pragma once

namespace adjoint::app {

/// Exit status: 0 done; 1 the question has no answer (a check failed, no derivative); 2 the input is wrong.
int run(int argc, char** argv);
/// The same on a thread with a stack for deep expressions.
int run_on_large_stack(int argc, char** argv);

}  // namespace adjoint::app
