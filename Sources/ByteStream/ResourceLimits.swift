import CSystem

/// Limits of the system on this process, as `ulimit` sets them.
public enum ResourceLimits {
    /// From now on, a write beyond the limit of file sizes is an error like a full disk, and memory
    /// that is exhausted ends the process with a message and status 71. Swift's runtime would crash.
    ///
    /// - Parameter toolName: the tool in the message.
    public static func report(as toolName: String) {
        system_report_limits(toolName)
    }
}
