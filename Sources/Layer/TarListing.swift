import ByteStream
import OCI
import Tar

extension TarEntry {
    /// The entry in the format of `tar -tv`: mode, owner, size, time in UTC, name.
    public var listing: String {
        let date = Timestamp(secondsSinceEpoch: modificationTime).map {
            String($0.description.prefix(16)).split(separator: "T").joined(separator: " ")
        }
        let device = kind == .characterDevice || kind == .blockDevice
        let sizeText = device ? "\(deviceMajor),\(deviceMinor)" : String(size)
        let column = padded("\(uid)/\(gid) \(sizeText)", to: 18)
        var line = "\(modeText) \(column) \(date ?? String(modificationTime)) "
        line += plain(path)
        switch kind {
        case .hardLink: line += " link to \(plain(linkTarget))"
        case .symbolicLink: line += " -> \(plain(linkTarget))"
        case .file, .directory, .characterDevice, .blockDevice, .fifo: break
        }
        return line
    }

    private var modeText: String {
        let type =
            switch kind {
            case .file: "-"
            case .hardLink: "h"
            case .symbolicLink: "l"
            case .characterDevice: "c"
            case .blockDevice: "b"
            case .directory: "d"
            case .fifo: "p"
            }
        let special: [(bit: UInt32, set: String, unset: String)] = [
            (0o4000, "s", "S"), (0o2000, "s", "S"), (0o1000, "t", "T"),
        ]
        var text = type
        for (index, special) in special.enumerated() {
            let bits = mode >> UInt32(6 - 3 * index) & 7
            text += bits & 4 != 0 ? "r" : "-"
            text += bits & 2 != 0 ? "w" : "-"
            let executes = bits & 1 != 0
            if mode & special.bit != 0 {
                text += executes ? special.set : special.unset
            } else {
                text += executes ? "x" : "-"
            }
        }
        return text
    }

    private func padded(_ text: String, to width: Int) -> String {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, text.count < width else { return text }
        let gap = String(repeating: " ", count: width - text.count + 1)
        return parts[0] + gap + parts[1]
    }

    /// A name with escapes for characters that could affect a terminal.
    private func plain(_ bytes: [UInt8]) -> String {
        escaped(bytes)
    }
}
