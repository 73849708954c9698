import OCI

extension ImageLines {
    /// Splits image lines into sets: lines numbered `1/N` to `N/N`, and runs of consecutive lines
    /// without numbers.
    ///
    /// - Parameter images: a complete input, as `checkPositions` checks it.
    public static func sets(of images: [Image]) -> [LineSet] {
        var sets: [LineSet] = []
        // The indexes of the sets of each length, in order, and the count of lines of each number.
        var places: [Int: [Int]] = [:]
        var counts: [LinePosition: Int] = [:]
        for image in images {
            var image = image
            let text = image.manifest[annotation: Annotation.position]
            image.manifest[annotation: Annotation.position] = nil
            guard let position = text.flatMap(LinePosition.init) else {
                if let last = sets.last, !last.isCounted {
                    sets[sets.count - 1].images.append(image)
                } else {
                    sets.append(LineSet(images: [image], isCounted: false))
                }
                continue
            }
            let number = counts[position, default: 0]
            counts[position] = number + 1
            if let place = places[position.total]?.dropFirst(number).first {
                sets[place].images.append(image)
            } else {
                places[position.total, default: []].append(sets.count)
                sets.append(LineSet(images: [image], isCounted: true))
            }
        }
        return sets
    }
}

/// Image lines that belong together.
public struct LineSet: Sendable {
    /// At least one.
    public fileprivate(set) var images: [Image]
    /// Whether the lines are numbered, and so are one image for several platforms.
    public let isCounted: Bool
}
