extension Platform {
    /// Reads a platform as the Dockerfile reference has it: `OS/ARCH[/VARIANT]`, or an operating
    /// system or an architecture alone.
    ///
    /// - Parameter machine: the platform of this machine, for parts that the text omits.
    /// - Returns: nil when it is of neither form, and when what stands alone is not a name that Go
    ///   has for an operating system or an architecture.
    public init?(_ text: String, completedBy machine: Platform) {
        guard !text.utf8.contains(UInt8(ascii: "/")) else {
            self.init(text)
            return
        }
        if let platform = Platform("\(text)/\(machine.architecture)"),
            Platform.systems.contains(platform.os)
        {
            self = platform
            variant = machine.variant
        } else if let platform = Platform("\(machine.os)/\(text)"),
            Platform.architectures.contains(platform.architecture)
        {
            self = platform
        } else {
            return nil
        }
    }

    /// Go's names of operating systems.
    private static let systems: Set<String> = [
        "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
        "nacl", "netbsd", "openbsd", "plan9", "solaris", "windows", "zos",
    ]

    /// Go's names of architectures.
    private static let architectures: Set<String> = [
        "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips",
        "mipsle", "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le",
        "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm",
    ]
}
