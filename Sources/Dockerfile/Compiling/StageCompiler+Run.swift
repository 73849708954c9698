extension StageCompiler {
    /// Compiles RUN.
    mutating func compileRun(_ instruction: Instruction) throws {
        throw DockerfileError(instruction.position, .unsupported("RUN"))
    }
}
