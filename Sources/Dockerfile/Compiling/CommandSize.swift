/// The size of what is passed to a program.
struct CommandSize {
    /// The maximum number of bytes of one argument, or of one variable with its name: Linux's
    /// `MAX_ARG_STRLEN`, of which the zero byte at the end is one.
    static let argumentLimit = 131_071
    /// The maximum number of bytes of all arguments. Linux allows 2 MiB, the environment included.
    static let limit = 1 << 20

    private(set) var byteCount = 0
    private var largest = 0

    /// Adds an argument and its pointer.
    mutating func add(_ argumentByteCount: Int) {
        byteCount += argumentByteCount + 9
        largest = max(largest, argumentByteCount)
    }

    /// Why no program can be called with this; nil if one can.
    var problem: DockerfileError.Reason? {
        if largest > CommandSize.argumentLimit { return .longArgument(byteCount: largest) }
        return byteCount > CommandSize.limit ? .longCommand(byteCount: byteCount) : nil
    }
}
