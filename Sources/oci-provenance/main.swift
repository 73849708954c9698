import FilterTools
import ToolSupport

ProvenanceTool.runAndExit()
