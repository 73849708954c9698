import Glibc
import Synchronization

/// What this process has moved through its standard streams so far.
public enum StandardStreams {
    private static let input = Atomic<Int64>(0)
    private static let output = Atomic<Int64>(0)

    /// Bytes that came from stdin.
    public static var inputByteCount: Int64 { input.load(ordering: .relaxed) }

    /// Bytes that went to stdout.
    public static var outputByteCount: Int64 { output.load(ordering: .relaxed) }

    static func noteRead(_ count: Int, from number: CInt) {
        if number == STDIN_FILENO { input.add(Int64(count), ordering: .relaxed) }
    }

    static func noteWrite(_ count: Int, to number: CInt) {
        if number == STDOUT_FILENO { output.add(Int64(count), ordering: .relaxed) }
    }
}
