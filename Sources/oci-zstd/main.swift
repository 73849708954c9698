import FilterTools
import ToolSupport

ZstdTool.runAndExit()
