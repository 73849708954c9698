import FilterTools
import ToolSupport

LayersTool.runAndExit()
