#include "app/command_line.hpp"

int main(int argc, char** argv) { return adjoint::app::run_on_large_stack(argc, argv); }
