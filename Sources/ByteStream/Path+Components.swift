extension Path {
    /// Components joined by slashes.
    public init<Components: Sequence>(joining components: Components)
    where Components.Element: Sequence, Components.Element.Element == UInt8 {
        self.init(components.joined(separator: [UInt8(ascii: "/")]))
    }

    /// The shortest path that means the same where no component is a link; `.` for none.
    ///
    /// - Spec: Go, path/filepath, Clean.
    public var cleaned: Path {
        let slash = UInt8(ascii: "/")
        let isAbsolute = bytes.first == slash
        var components: [ArraySlice<UInt8>] = []
        for component in bytes.split(separator: slash) {
            if component.elementsEqual(".".utf8) { continue }
            guard component.elementsEqual("..".utf8) else {
                components.append(component)
                continue
            }
            if let last = components.last, !last.elementsEqual("..".utf8) {
                components.removeLast()
            } else if !isAbsolute {
                components.append(component)
            }
        }
        let joined = Path(joining: components)
        if isAbsolute { return Path([slash] + joined.bytes) }
        return joined.isEmpty ? "." : joined
    }
}
