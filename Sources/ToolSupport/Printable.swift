/// Makes text of unknown origin safe for a terminal.
public enum Printable {
    /// One line: runs of white space become a space, and bytes that are not printable become
    /// `\ooo`.
    public static func line(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == " " || scalar == "\n" || scalar == "\t" || scalar == "\r" {
                if result.last != " " { result.append(" ") }
            } else {
                append(scalar, to: &result)
            }
        }
        return String(result)
    }

    /// The same, but spaces stay, and newlines and tabs become `\ooo`.
    public static func exact(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { append(scalar, to: &result) }
        return String(result)
    }

    /// At most `width` characters; an ellipsis replaces the rest.
    public static func truncated(_ text: String, to width: Int) -> String {
        text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
    }

    private static func append(_ scalar: Unicode.Scalar, to result: inout String.UnicodeScalarView)
    {
        if let byte = ArgumentText.escapedByte(scalar) {
            result.append(contentsOf: octal(byte).unicodeScalars)
            return
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            for byte in String(scalar).utf8 {
                result.append(contentsOf: octal(byte).unicodeScalars)
            }
        default: result.append(scalar)
        }
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }
}
